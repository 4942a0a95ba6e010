#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# systemd_guest.sh - runs in the VM of tests/vm/systemd, as a service: the package under a real systemd.
# TAP lines on ttyS1, the exit status on ttyS2, the kernel's log on ttyS3, as tests/vm/run reads them.
set -uo pipefail
for tty in 1 2 3; do stty -F /dev/ttyS$tty raw -echo; done
exec >/dev/ttyS1 2>&1 </dev/null
cd /vm || exit
# shellcheck source=tests/lib/tap.sh
. /vm/tap.sh
export DEBIAN_FRONTEND=noninteractive
PATIENCE_S=180 # an emulated CPU, shared
CAPABILITIES=(CAP_BPF CAP_PERFMON CAP_SETUID CAP_SETGID CAP_SETPCAP CAP_SYS_PTRACE CAP_DAC_READ_SEARCH
	CAP_CHECKPOINT_RESTORE CAP_SYS_ADMIN CAP_KILL)

wait_for() { # COMMAND...
	local end=$((SECONDS + PATIENCE_S))
	until "$@" >/dev/null 2>&1; do
		if ((SECONDS > end)); then
			echo "waited $PATIENCE_S s in vain for: $*"
			systemctl status --no-pager --full vigie
			journalctl --no-pager -b -u vigie | tail -n 40
			return 1
		fi
		sleep 0.5
	done
}

property() { # NAME
	systemctl show --value --property "$1" vigie
}

is_scraped() {
	local page
	exec 3<>/dev/tcp/127.0.0.1/9838 || return
	printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3
	page=$(cat <&3)
	exec 3>&-
	grep -q '^vigie_process_cpu_seconds_total{' <<<"$page"
}

installs() {
	dpkg -i /vm/vigie.deb && wait_for systemctl is-active vigie
}

gave_up_all() {
	local pid kept
	pid=$(property MainPID)
	cat "/proc/$pid/status"
	[ "$(stat -c %U "/proc/$pid/maps")" = root ] || return # not dumpable: root's, but for directories
	[ "$(awk '/^Uid:/ { print $2 }' "/proc/$pid/status")" = "$(id -u vigie)" ] || return
	kept=$(awk '/^CapPrm:/ { print $2 }' "/proc/$pid/status")
	# Before 5.19 CAP_BPF is kept.
	[ "$kept" = 0000000000000000 ] || [ "$kept" = 0000008000000000 ]
}

has_status_line() {
	grep -E 'Status: "[0-9]+ process(es)?, [0-9]+ findings?, [0-9]+\.[0-9] % of a core"' <(systemctl status --no-pager --full vigie)
}

keeps_history() {
	[ "$(stat -c '%U:%G %a' /var/lib/vigie)" = 'vigie:vigie 750' ] || return
	wait_for compgen -G '/var/lib/vigie/ring/*' && [ "$(stat -c %U /var/lib/vigie/events.ndjson)" = vigie ]
}

reloads() {
	local pid
	pid=$(property MainPID)
	mv /var/lib/vigie/events.ndjson /var/lib/vigie/events.ndjson.mine && systemctl reload vigie || return
	# The next line of the log begins another file, and what is good of the configuration is taken.
	wait_for test -e /var/lib/vigie/events.ndjson || return
	[ "$(property ActiveState)" = active ] && [ "$(property MainPID)" = "$pid" ] && is_scraped
}

# Nothing of it says that it lives while it is stopped: systemd ends it, and starts it anew.
comes_back() {
	local pid
	pid=$(property MainPID)
	kill -STOP "$pid" && wait_for restarted "$pid" || return
	[ "$(property NRestarts)" -ge 1 ] && grep -i watchdog <(journalctl --no-pager -b -u vigie) &&
		is_scraped
}

restarted() { # PID
	[ "$(property MainPID)" != "$1" ] && [ "$(property MainPID)" != 0 ] &&
		systemctl is-active vigie
}

# A finding's session, under what the unit leaves it: stacks, with names of the kernel's functions.
captured() {
	compgen -G '/var/lib/vigie/incidents/*/session.vigie'
}

sees_inside() {
	local burner session status=0
	# Emulated, vigie costs ten times what it does on a CPU, and would save what the session needs.
	sed -i 's/^  max-overhead: .*/  max-overhead: off/' /etc/vigie/vigie.yml && systemctl restart vigie || return
	(exec -a burner bash -c 'while :; do [ -e /nonexistent ]; done') &
	burner=$!
	PATIENCE_S=400 wait_for captured || status=1
	kill "$burner"
	if [ "$status" = 0 ]; then
		session=$(captured | head -n 1)
		vigie report "$session" -f folded --view cpu >stacks
		head -n 3 stacks
		grep -qE '(do_syscall_64|entry_SYSCALL|vfs_read)' stacks || status=1
	fi
	return "$status"
}

# --- vigie.socket, for which the service has no option of its own.

enabled() { # UNIT: what systemd says of it
	systemctl is-enabled "$1" 2>/dev/null
}

starts_by_a_connection() {
	systemctl disable --now vigie.service && systemctl enable --now vigie.socket || return
	systemctl show --property ActiveState,SubState,Result vigie vigie.socket
	[ "$(property SubState)" = dead ] || return
	# Nobody waits for vigie to be up: the connection does.
	timeout "$PATIENCE_S" bash -c "$(declare -f is_scraped); is_scraped" || {
		journalctl --no-pager -b -u vigie -u vigie.socket -o cat | tail -n 20
		return 1
	}
	[ "$(property ActiveState)" = active ]
}

in_group() { # COMMAND...: as somebody who is in the group vigie and nothing else
	setpriv --reuid=nobody --regid=vigie --clear-groups "$@"
}

answers_the_group() {
	local page ask=(curl --silent --show-error --max-time 60 --unix-socket /run/vigie/vigie.sock http://vigie/metrics)
	page=$(in_group "${ask[@]}") && grep -q '^vigie_process_cpu_seconds_total{' <<<"$page" || return
	! setpriv --reuid=nobody --regid=nogroup --clear-groups "${ask[@]}"
}

binds_nothing_twice() {
	[ "$(journalctl --no-pager -b -u vigie -o cat | grep -c 'cannot listen')" = 0 ] &&
		systemctl restart vigie && is_scraped && [ -S /run/vigie/vigie.sock ] &&
		systemctl stop vigie && [ -S /run/vigie/vigie.sock ]
}

# Both, as who wants history and a socket for a group; and back.
both_together() {
	systemctl enable --now vigie.service && is_scraped && answers_the_group
}

socket_outlives_upgrade() {
	systemctl is-active vigie.socket && is_scraped && answers_the_group
}

# --- Each capability is taken away once.

without() { # CAPABILITY
	mkdir -p /run/systemd/system/vigie.service.d
	printf '[Service]\nCapabilityBoundingSet=~%s\nRestart=no\nTimeoutStartSec=150\n' "$1" \
		>/run/systemd/system/vigie.service.d/without.conf
	systemctl daemon-reload
	systemctl stop vigie
	systemctl reset-failed vigie 2>/dev/null
	systemctl start vigie
}

with_all() {
	rm -rf /run/systemd/system/vigie.service.d
	systemctl daemon-reload
	systemctl restart vigie
}

what_is_lost() {
	local name
	for name in "${CAPABILITIES[@]}"; do
		if without "$name" 2>/dev/null; then
			echo "# without $name it serves"
		else
			echo "# without $name it does not: $(journalctl --no-pager -b -u vigie -o cat | grep 'vigie serve:' | tail -n 1)"
		fi
	done
	with_all
}

upgrades() {
	local before
	before=$(find /var/lib/vigie/ring -type f | sort | head -n 1)
	dpkg-deb -R /vm/vigie.deb /vm/newer &&
		sed -i 's/^Version: .*/&+next/' /vm/newer/DEBIAN/control &&
		dpkg-deb -b /vm/newer /vm/newer.deb && dpkg -i /vm/newer.deb || return
	wait_for systemctl is-active vigie && [ -s "$before" ] && is_scraped
}

purges() {
	dpkg -P vigie || return
	! systemctl is-active vigie && ! systemctl is-active vigie.socket && [ ! -e /var/lib/vigie ] && [ ! -e /run/vigie ] &&
		[ ! -e /run/vigie-session.lock ] && ! getent passwd vigie && ! pgrep -x 'vigie.*'
}

check "the package is installed, and started is: it serves" installs
check "systemctl says active because vigie said so" test "$(property Type) $(property ActiveState) $(property SubState)" = 'notify active running'
check "it serves as the user vigie, without capabilities" gave_up_all
check "it is scraped" is_scraped
check "history and log are the user's" keeps_history
check "systemctl status shows the line" wait_for has_status_line
systemctl status --no-pager --full vigie | sed 's/^/# /'
check "systemctl reload" reloads
check "a finding's session, kernel functions named" sees_inside
check "stopped by SIGSTOP, the watchdog ends it and it comes back" comes_back
[ "${1-}" != each ] || what_is_lost
check "vigie.socket is there, and not enabled" test "$(enabled vigie.socket) $(systemctl is-active vigie.socket)" = 'disabled inactive'
check "enabled in place of the service, a connection starts vigie and is answered" starts_by_a_connection
check "its Unix socket answers the group vigie, and nobody else" answers_the_group
check "the sockets outlive a restart and a stop" binds_nothing_twice
check "socket and service, both enabled" both_together
check "a newer version keeps the history" upgrades
check "and the sockets" socket_outlives_upgrade
journalctl --no-pager -b -u vigie -o cat | sed 's/^/# /' | tail -n 60
check "purged: nothing is left" purges
tap_end
echo $? >/dev/ttyS2
dmesg >/dev/ttyS3
systemctl poweroff --force --force >/dev/null 2>&1
