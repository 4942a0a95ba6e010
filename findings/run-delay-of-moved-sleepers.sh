#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run-delay-of-moved-sleepers - from Linux 6.12 on, schedstat's run_delay grows while a thread sleeps.
#
# The second field of /proc/PID/schedstat is the time spent waiting on a run queue. On Debian's kernel
# 6.12.117 (package linux-image-6.12.117+deb13-cloud-amd64) a thread in nanosleep() that another one moves
# between CPUs by sched_setaffinity() has a part of its sleep counted there; a load balancer moves alike.
# On 6.1 (linux-image-6.1.0-50-cloud-amd64) the same program's run_delay is what the wall clock leaves for
# waiting. Seen: of 36.0 s that six sleepers slept, 6.12.117 counts 0.8 to 1.4 s as waiting, beside 2.2 s
# that they waited by the wall clock; 6.1 counts none. Nothing in /proc says that it was no wait.
#
# Needs root, the network, gcc and what tests/vm needs (QEMU, busybox); 200 MB in /tmp. Exits with 1 if
# either kernel answers otherwise. The program is tests/workload/moved.c; vigie does not run.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export XDG_CACHE_HOME=$place
gcc -D_GNU_SOURCE -O2 -static -o "$place/moved" "$here/tests/workload/moved.c"

false_ms() { # KERNEL: by how many milliseconds run_delay exceeds what the wall clock leaves
	local said
	said=$("$here/tests/vm/run" --timeout 180 --add "$place/moved" "$1" -- \
		/vm/moved sleeper 6 30 200 | grep '^slept')
	echo "$1: $said (ns)" >&2
	# shellcheck disable=SC2086
	set -- $said
	echo $((($6 - $4) / 1000000))
}

new=$(false_ms 6.12.117)
old=$(false_ms 6.1.0-50)
echo "sleep counted as waiting: 6.12.117 $new ms, 6.1.0-50 $old ms, of 36000 ms slept"
[ "$new" -gt 360 ] && [ "$old" -le 360 ]
