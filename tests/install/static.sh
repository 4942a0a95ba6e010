#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# static.sh - the binary of STATIC=1 in the user lands of Debian 11, 12 and 13: a chroot of each on this
# kernel. TAP lines; needs root and a network once.
#
#	tests/install/static.sh VIGIE
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh

vigie=$1
GLIBC_MOST=2.31
PATIENCE_S=120
PORT=29838
place=$(mktemp -d)
root=
server=

clean() {
	[ -z "$server" ] || kill "$server" 2>/dev/null
	[ -z "$root" ] || umount -R -l "$root/proc" "$root/sys" 2>/dev/null
	rm -rf --one-file-system "$place"
}
trap clean EXIT

needs_the_c_library_only() {
	[ -x "$vigie" ] || return
	objdump -p "$vigie" | awk '$1 == "NEEDED" { print $2 }' | tee "$place/needed"
	! grep -vE '^(libc\.so\.6|libpthread\.so\.0|libdl\.so\.2|ld-linux-x86-64\.so\.2)$' "$place/needed"
}

wants_no_newer_symbols() {
	local newest
	newest=$(objdump -T "$vigie" | grep -oE 'GLIBC_[0-9.]+' | sort -uV | tail -n 1)
	echo "the newest: $newest"
	[ -n "$newest" ] || return
	[ "$(printf '%s\n' "$newest" "GLIBC_$GLIBC_MOST" | sort -V | tail -n 1)" = "GLIBC_$GLIBC_MOST" ]
}

# --- In a chroot of each.

prepare() { # SUITE
	local archive
	archive=$(tests/vm/debian_roots.py "$1" procps) || return
	mkdir "$root" && tar -x -C "$root" -f "$archive" --exclude='./dev/*' || return
	mount --rbind /proc "$root/proc" && mount --make-rslave "$root/proc" || return
	mount --rbind /sys "$root/sys" && mount --make-rslave "$root/sys" || return
	mknod -m 666 "$root/dev/null" c 1 3
}

leave() {
	umount -R -l "$root/proc" "$root/sys" 2>/dev/null
	rm -rf --one-file-system "$root"
	root=
}

inside() {
	chroot "$root" "$@"
}

is_that_debian() { # MAJOR
	install -m 0755 "$vigie" "$root/usr/bin/vigie" || return
	grep "^$1[.]" "$root/etc/debian_version" && inside vigie --version
}

finds_what_it_needs() {
	inside vigie doctor >"$place/doctor" && grep '^exact *cpu time' "$place/doctor"
}

shows_a_moment() {
	inside vigie once --interval 300ms --format json >"$place/once" &&
		python3 -c 'import json, sys; assert json.load(open(sys.argv[1]))["processes"]' "$place/once"
}

page() {
	curl --silent --fail --max-time 20 "http://127.0.0.1:$PORT/metrics"
}

serves() {
	local end=$((SECONDS + PATIENCE_S)) status=1
	chroot "$root" vigie serve --listen "127.0.0.1:$PORT" --capture off >"$place/said" 2>&1 &
	server=$!
	while ((SECONDS < end)) && kill -0 "$server" 2>/dev/null; do
		if page >"$place/page" && grep -q '^vigie_process_cpu_seconds_total{' "$place/page"; then
			status=0
			break
		fi
		sleep 0.2
	done
	kill "$server" && wait "$server" || status=1
	server=
	cat "$place/said"
	return "$status"
}

check "it needs nothing but the C library" needs_the_c_library_only
check "and of that nothing newer than $GLIBC_MOST" wants_no_newer_symbols
for suite in bullseye:11 bookworm:12 trixie:13; do
	name="Debian ${suite#*:}"
	if [ "$(id -u)" -ne 0 ] || ! command -v mmdebstrap >/dev/null; then
		skip "$name" "needs root and mmdebstrap (scripts/setup --test)"
		continue
	fi
	root=$place/${suite%:*}
	if ! why=$(prepare "${suite%:*}" 2>&1); then
		skip "$name" "its user land cannot be had: $(tail -n 1 <<<"$why")"
		leave
		continue
	fi
	check "$name: vigie --version" is_that_debian "${suite#*:}"
	check "$name: vigie doctor" finds_what_it_needs
	check "$name: vigie once" shows_a_moment
	check "$name: vigie serve, scraped" serves
	leave
done
# shellcheck disable=SC2016  # the words of apt
[ -n "$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Ubuntu' 2>/dev/null)" ] ||
	skip "Ubuntu" "apt has no archive of it here"
tap_end
