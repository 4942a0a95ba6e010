#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# libbpf-possible-cpus - libbpf_num_possible_cpus() is how many there are, not the highest id + 1.
#
# libbpf 1.1.2 as Debian 12 has it (packages libbpf1, libbpf-dev). On a host whose possible CPUs have
# holes, "0-3,8-11" in /sys/devices/system/cpu/possible, it answers 8. An array with so many places
# that is indexed by a CPU's id ends four CPUs too early; a loop below that number never comes to the
# CPUs 8 to 11. The values of a per-CPU map are copied to user space one behind the other in the order
# of the ids, so for these the number is right, and the index is no id.
#
# Needs root (a mount namespace, in which the file is another), gcc, libelf1 and zlib1g. Exits with 1
# if the library answers otherwise.
set -euo pipefail

version=1:1.1.2-0+deb12u1
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download -qq "libbpf1=$version" "libbpf-dev=$version"
for package in ./*.deb; do dpkg-deb -x "$package" .; done

cat >count.c <<'END'
#include <bpf/libbpf.h>
#include <stdio.h>

int main(void)
{
	printf("libbpf %s: %d\n", libbpf_version_string(), libbpf_num_possible_cpus());
	return 0;
}
END
libs=$(dirname "$(find usr -name 'libbpf.so.1')")
gcc -Iusr/include -o count count.c "$libs"/libbpf.so.1 -Wl,--allow-shlib-undefined

answers() { # TEXT OF THE FILE
	echo "$1" >possible
	unshare -m sh -c "mount --bind possible /sys/devices/system/cpu/possible &&
		LD_LIBRARY_PATH=$libs ./count"
}

status=0
expect() { # TEXT NUMBER
	said=$(answers "$1")
	echo "possible \"$1\": $said"
	[ "${said##*: }" = "$2" ] || status=1
}
expect 0-3 4
expect 0-3,8-11 8
[ $status = 0 ] && echo "as described: the number of CPUs, where the highest id + 1 is 12"
exit $status
