#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# libbpf-looks-in-modules - a function that the kernel may lack (__weak) takes CAP_SYS_ADMIN where it does.
#
# libbpf 1.1.2 as Debian 12 has it (packages libbpf1, libbpf-dev). An object that declares a kernel function
# (kfunc) __ksym __weak is loaded with CAP_BPF and CAP_PERFMON where the kernel has the function. Where it has
# not, libbpf looks for it in the modules: it goes through the ids of all BTF objects, which takes
# CAP_SYS_ADMIN, and refuses the whole object with -EINVAL instead of leaving the function out; that it is -EPERM
# of the way there is in its log only, before "not found". So a program that was tried on a new kernel fails on an
# old one, with the privileges that are enough there otherwise.
#
# Needs root on a kernel from 6.2 on, clang, gcc, util-linux, libelf1, zlib1g. Exits with 1 if it goes otherwise.
set -euo pipefail

version=1:1.1.2-0+deb12u1
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download -qq "libbpf1=$version" "libbpf-dev=$version"
for package in ./*.deb; do dpkg-deb -x "$package" .; done
libs=$(dirname "$(find usr -name 'libbpf.so.1')")

object() { # NAME FUNCTION
	cat >"$1.bpf.c" <<-END
		#include <linux/bpf.h>
		#include <bpf/bpf_helpers.h>
		extern void *$2(const void *address, __u32 type) __ksym __weak;
		SEC("syscall")
		int $1(void *ctx)
		{
			return $2 ? 1 : 0;
		}
		char licence[] SEC("license") = "GPL";
	END
	clang -target bpf -O2 -g -Iusr/include "-I/usr/include/$(uname -m)-linux-gnu" -c "$1.bpf.c" -o "$1.o"
}

cat >load.c <<'END'
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct bpf_object *object = bpf_object__open(argv[1]);
	int err = object ? bpf_object__load(object) : -1;

	puts(err ? strerror(-err) : "loaded");
	return 0;
}
END
gcc -Iusr/include -o load load.c "$libs"/libbpf.so.1 -Wl,--allow-shlib-undefined

loads() { # OBJECT CAPABILITIES
	LD_LIBRARY_PATH=$libs setpriv --bounding-set="-all,$2" ./load "$1" 2>"$1.log"
}

status=0
expect() { # WHAT OBJECT CAPABILITIES
	local said
	said=$(loads "$2" "$3")
	echo "$2, with $3: $said"
	[ "$said" = "$1" ] || status=1
}
object there bpf_rdonly_cast
object absent bpf_no_such_function
expect loaded there.o +bpf,+perfmon
expect "Invalid argument" absent.o +bpf,+perfmon
grep -x "libbpf: failed to iterate BTF objects: -1" absent.o.log || status=1
expect loaded absent.o +bpf,+perfmon,+sys_admin
[ $status = 0 ] && echo "as described: what is absent takes CAP_SYS_ADMIN, what is there does not"
exit $status
