#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bpftool-links-a-kfunc-once - two BPF objects that declare the same kernel function cannot be linked.
#
# bpftool 7.1.0 with libbpf 1.1 as Debian 12 has it (package bpftool). `bpftool gen object` links two
# objects that declare the same external variable of the kernel (__ksym), and refuses two that declare
# the same external function (a kfunc), though both declarations are alike and one object alone
# passes: for the second declaration the linker asks for the size of the extern's type, and a
# function's type has none. A header with a kfunc can be included by one of the objects only.
#
# Needs clang, libelf1, libcap2 and zlib1g. Exits with 1 if the linker answers otherwise.
set -euo pipefail

version=7.1.0+6.1.192-3
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download -qq "bpftool=$version" libbpf-dev=1:1.1.2-0+deb12u1
for package in ./*.deb; do dpkg-deb -x "$package" .; done
tool=$place/usr/sbin/bpftool
"$tool" version | head -2

object() { # NAME DECLARATION USE
	cat >"$1.bpf.c" <<-END
		#include <linux/bpf.h>
		#include <bpf/bpf_helpers.h>
		$2
		SEC("syscall")
		int $1(void *ctx)
		{
			return $3;
		}
		char licence_$1[] SEC("license") = "GPL";
	END
	clang -target bpf -O2 -g -Iusr/include "-I/usr/include/$(uname -m)-linux-gnu" -c "$1.bpf.c" -o "$1.o"
}

status=0
linked() { # WHAT EXPECTED OBJECT...
	local said=yes
	"$tool" gen object out.o "${@:3}" 2>said || said=no
	printf '%s: %s\n' "$1" "$said"
	cat said
	[ "$said" = "$2" ] || status=1
}

variable='extern const int runqueues __ksym __weak;'
object one "$variable" '&runqueues != 0'
object two "$variable" '&runqueues == 0'
linked "a variable in two objects" yes one.o two.o
function='extern void *bpf_rdonly_cast(const void *address, __u32 type) __ksym __weak;'
object three "$function" 'bpf_rdonly_cast(ctx, 1) != 0'
object four "$function" 'bpf_rdonly_cast(ctx, 1) == 0'
linked "a function in one object" yes three.o one.o
linked "the same function in two" no three.o four.o
[ $status = 0 ] && echo "as described: variables are linked, a function is refused the second time"
exit $status
