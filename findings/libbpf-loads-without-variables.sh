#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# libbpf-loads-without-variables - a skeleton loads with success, and its ->bss is NULL.
#
# libbpf 1.1.2 and bpftool 7.1.0 as Debian 12 has them. Before it makes the maps of global variables
# libbpf asks the kernel, with a small array of its own, whether arrays can be mapped (Linux 5.5). Any
# failure of that one bpf() call is taken for a kernel that cannot, a lack of memory as well: the maps are then
# made without BPF_F_MMAPABLE, NAME__load() returns 0, the programs can be attached and run, and
# skeleton->bss, through which user space reads and writes the variables, which was a valid address
# until then, is NULL. Who checks the return value alone writes to address 0 after that.
#
# Needs root, clang, gcc, strace, libelf1, libcap2 and zlib1g. Exits with 1 if the library answers otherwise.
set -euo pipefail

version=1:1.1.2-0+deb12u1
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download -qq bpftool=7.1.0+6.1.192-3 "libbpf1=$version" "libbpf-dev=$version"
for package in ./*.deb; do dpkg-deb -x "$package" .; done
libs=$place/$(dirname "$(find usr -name 'libbpf.so.1')")

cat >one.bpf.c <<'END'
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
int counter;
SEC("syscall")
int count(void *ctx)
{
	return counter++;
}
char licence[] SEC("license") = "GPL";
END
cat >load.c <<'END'
#include <stdio.h>
#include "one.h"

int main(void)
{
	struct one_bpf *skeleton = one_bpf__open();
	const char *before = skeleton->bss ? "an address" : "NULL";
	int err = one_bpf__load(skeleton);

	printf("load returns %d, bss %s before, %s after\n", err, before, skeleton->bss ? "an address" : "NULL");
	return 0;
}
END
clang -target bpf -O2 -g -Iusr/include "-I/usr/include/$(uname -m)-linux-gnu" -c one.bpf.c -o one.o
usr/sbin/bpftool gen skeleton one.o name one_bpf >one.h
gcc -Iusr/include -o load load.c "$libs"/libbpf.so.1 -Wl,--allow-shlib-undefined
export LD_LIBRARY_PATH=$libs

status=0
expect() { # WHAT SAID-EXPECTED SAID
	echo "$1: $3"
	[ "$3" = "$2" ] || status=1
}
expect "all calls succeed" "load returns 0, bss an address before, an address after" "$(strace -o trace -e trace=bpf ./load)"
asked=$(grep -n -m 1 BPF_F_MMAPABLE trace | cut -d: -f1)
expect "one has no memory" "load returns 0, bss an address before, NULL after" \
	"$(strace -o /dev/null -e trace=bpf -e "inject=bpf:error=ENOMEM:when=$asked" ./load)"
[ $status = 0 ] && echo "as described: loaded all the same, and no way to the variables"
exit $status
