#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run-delay-of-moved-sleepers - from Linux 6.12 on, schedstat's run_delay grows while a thread sleeps.
#
# /proc/PID/schedstat, second field: time spent waiting on a run queue. On Debian's 6.12.117 a thread
# that sleeps in nanosleep() and is moved to another CPU meanwhile (sched_setaffinity(); a load
# balancer does the same) has the rest of its sleep counted there: three sleepers beside a hog on
# each of two CPUs slept 6.0 s, waited 0.3 s by the wall clock, and have a run_delay of 0.4 to 1.5 s.
# On Debian's 6.1.176 the same program shows 0.2 to 0.3 s. Seen alike on 7.3.4 and 6.18.44.
#
# Needs root, network, gcc, cpio and 1 GB in /tmp; installs QEMU, busybox and the two kernels into a
# temporary folder. Exits with 1 if either kernel answers otherwise.
set -euo pipefail
