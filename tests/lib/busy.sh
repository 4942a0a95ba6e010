# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# busy.sh - owns the neighbour of `scripts/test --busy`: a process that burns one core for as long
# as the script that began it lives, and not a moment longer, however that ends. To be sourced.

busy_pid=

# $$ is the script, in a subshell too. Not asked of kill -0: that finds who is dead and not waited for.
busy_burn() {
	local i parent=$$
	while [ "$parent" = $$ ]; do
		for ((i = 0; i < 200000; i++)); do :; done
		read -r _ _ _ parent _ <"/proc/$BASHPID/stat"
	done
}

busy_begin() {
	busy_burn &
	busy_pid=$!
}

# One TAP line: what the kernel says that it had. A neighbour that has gone makes no run a busy one.
busy_said() {
	local fields
	if read -r -a fields 2>/dev/null <"/proc/$busy_pid/stat" && [ "${fields[2]}" != Z ]; then
		printf 'ok - a neighbour burnt %d s of CPU in %d s\n' \
			$(((fields[13] + fields[14]) / $(getconf CLK_TCK))) "$SECONDS"
	else
		printf 'not ok - a neighbour that burns a core for as long as the suites run\n'
	fi
}

busy_end() {
	[ -n "$busy_pid" ] || return 0
	kill -KILL "$busy_pid" 2>/dev/null || true
	wait "$busy_pid" 2>/dev/null || true
	busy_pid=
}
