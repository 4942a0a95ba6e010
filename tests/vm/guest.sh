#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# guest - what runs inside the VM, in busybox. TAP lines; documents between "#begin NAME" and
# "#end NAME" are for the host to judge (matrix). Not here: comparing figures (check.c).

document() { # NAME COMMAND...
	name=$1
	shift
	echo "#begin $name"
	"$@"
	status=$?
	echo
	echo "#end $name"
	[ $status -eq 0 ] || echo "# $* ended with status $status"
	[ $status -eq 0 ] && echo "ok - $name" || echo "not ok - $name: status $status"
}

document doctor /vm/vigie doctor --json

sh -c 'printf vm-once >/proc/self/comm; while :; do :; done' &
busy=$!
document once /vm/vigie once --interval 1s --format json
kill $busy

# What a unit costs, and what its files say, by the controllers that this kernel has in v2. /tmp is
# in memory: 8 MiB of shmem that no process maps.
units() {
	root=/sys/fs/cgroup
	for controller in memory pids cpu; do
		echo +$controller >$root/cgroup.subtree_control 2>/dev/null
	done
	mkdir $root/vm-unit.service
	echo 67108864 >$root/vm-unit.service/memory.max
	echo 33 >$root/vm-unit.service/pids.max
	echo "20000 100000" >$root/vm-unit.service/cpu.max
	sh -c "echo \$\$ >$root/vm-unit.service/cgroup.procs
		dd if=/dev/zero of=/tmp/held bs=1048576 count=8 2>/dev/null
		echo >/tmp/ready
		while :; do :; done" &
	spinner=$!
	while [ ! -e /tmp/ready ]; do sleep 1; done
	echo '{"once":'
	/vm/vigie once --interval 1s --format json
	cd $root/vm-unit.service || return 1
	printf ',"files":{'
	for file in memory.stat memory.current pids.current cpu.stat cpu.pressure io.pressure; do
		[ -e $file ] && printf '"%s":"%s",' $file "$(tr '\n' ';' <$file)"
	done
	echo '"end":""}}'
	cd /
	{
		kill $spinner
		wait $spinner
	} >/dev/null 2>&1 # the shell tells of it
	rm /tmp/held
	rmdir $root/vm-unit.service
}
document units units

# A session of a program with known shares, and of its run queue: two of it on one CPU.
session() {
	# The size of a record is a constant to the verifier: the oldest and the newest take each.
	case $(uname -r) in
	5.10.* | 7.*) sizes="1 5 64" ;;
	*) sizes= ;;
	esac
	for kib in $sizes; do
		/vm/vigie record --comm leaves -d 500ms --stack "$kib" -o /tmp/session.vigie 2>/tmp/session.err || {
			cat /tmp/session.err
			return 1
		}
		rm /tmp/session.vigie
	done
	/vm/vigie record --comm leaves -d 4s -o /tmp/session.vigie 2>/tmp/session.err || {
		cat /tmp/session.err
		return 1
	}
	/vm/vigie report /tmp/session.vigie -f json
}
taskset 1 /vm/leaves 60 >/dev/null &
first=$!
taskset 1 /vm/leaves 60 >/dev/null &
document record session
kill $first $!

# What faces the network has no privilege; the profiler has those that this kernel wants, and Debian's
# want more than others. A finding takes half a minute: on one kernel.
captured() {
	mkdir /tmp/state
	/vm/vigie serve -i 2s --max-overhead off --state-dir /tmp/state --log-level debug 2>/tmp/serve.err &
	daemon=$!
	/vm/leaves 120 >/dev/null &
	burner=$!
	for _ in $(seq 90); do
		sleep 1
		ls /tmp/state/incidents/*/session.vigie >/dev/null 2>&1 && break
	done
	kill $burner $daemon
	wait $daemon
	/vm/vigie report /tmp/state/incidents/*/session.vigie -f json || cat /tmp/serve.err
}
case $(uname -r) in
6.1.*) document capture captured ;;
esac

# A container where v1 is, a user's application where the unified hierarchy is. pids, for some kernels
# have no other controller of v1 any more.
in_cgroups() { # PIDS UNIFIED
	sh -c "echo \$\$ >/sys/fs/cgroup/pids$1/cgroup.procs
	echo \$\$ >/sys/fs/cgroup/unified$2/cgroup.procs
	exec /vm/leaves 60" >/dev/null &
}
hybrid() {
	container=/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
	application=/user.slice/user@7.service/app.slice/app.service
	umount /sys/fs/cgroup && mount -t tmpfs cgroup /sys/fs/cgroup || return 1
	cd /sys/fs/cgroup && mkdir pids unified && mount -t cgroup -o pids pids pids &&
		mount -t cgroup2 unified unified || return 1
	mkdir -p pids$container pids/user.slice unified/docker.service unified$application
	in_cgroups $container /docker.service
	one=$!
	in_cgroups /user.slice $application
	/vm/vigie once --interval 1s --group-by unit,comm --format json
	status=$?
	{
		kill $one $!
		wait $one $!
	} >/dev/null 2>&1
	cd / && rmdir /sys/fs/cgroup/pids/docker/*/ /sys/fs/cgroup/pids/*/ && umount /sys/fs/cgroup/pids \
		/sys/fs/cgroup/unified /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup || return 1
	return $status
}
case $(uname -r) in
5.10.* | 7.*) document hybrid hybrid ;;
esac

# Over any budget: parts of the probes go, and the switch probe leaves its tracepoint. What a second
# attachment is told differs between these and later kernels.
links() { # PID
	for fd in "/proc/$1/fd"/*; do readlink "$fd"; done 2>/dev/null | grep -c 'bpf.link'
}
shed() {
	/vm/vigie serve -i 1s --max-overhead 0.0001% --no-history --listen 127.0.0.1:9839 2>/tmp/shed.err &
	daemon=$!
	attached=0
	for _ in $(seq 90); do
		sleep 1
		wget -q -O /tmp/page http://127.0.0.1:9839/metrics 2>/dev/null || continue
		[ "$attached" -gt 0 ] || attached=$(links $daemon)
		# The page is of a snapshot, which may be older than the step.
		grep -q '^vigie_self_shed{step="off_cpu"} 1' /tmp/page &&
			! grep -q '^vigie_process_off_cpu' /tmp/page && break
	done
	left=$((attached - $(links $daemon)))
	kill $daemon
	wait $daemon
	off=$(grep -c '^vigie_process_off_cpu' /tmp/page)
	cpu=$(grep -c '^vigie_process_cpu' /tmp/page)
	echo "# $attached links, $left fewer after it; series of off-CPU time: $off, of CPU time: $cpu"
	[ $left -eq 1 ] && [ "$off" -eq 0 ] && [ "$cpu" -gt 0 ]
}
case $(uname -r) in
5.10.* | 6.1.*)
	if shed; then
		echo "ok - the budget takes the switch probe off"
	else
		cat /tmp/shed.err
		echo "not ok - the budget takes the switch probe off"
	fi
	;;
esac

# A CPU that comes while a session runs, and whom it profiles moves there.
hotplug() {
	cpu=/sys/devices/system/cpu/cpu1/online
	echo 0 >$cpu || return 1
	/vm/leaves 60 >/dev/null &
	burner=$!
	/vm/vigie record --comm leaves -d 6s -o /tmp/hotplug.vigie 2>/tmp/session.err &
	recorder=$!
	until for fd in "/proc/$recorder/fd"/*; do readlink "$fd"; done 2>/dev/null | grep -q perf_event; do
		kill -0 $recorder || break
	done
	echo 1 >$cpu
	taskset -p 2 $burner >/dev/null
	wait $recorder || cat /tmp/session.err
	kill $burner
	/vm/vigie report /tmp/hotplug.vigie -f json
}
case $(uname -r) in
7.*) document hotplug hotplug ;;
esac

exec /vm/check /vm/vigie
