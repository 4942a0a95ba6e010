#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# deb.sh - the package: two builds are the same bytes, lintian finds nothing, and in a fresh Debian 12
# it is installed, upgraded, removed and purged. TAP lines; needs root (chroot) and a network once.
#
#   tests/install/deb.sh FIRST SECOND     two directories, each with a build
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh

first=$1 second=$2
place=$(mktemp -d)
root=$place/root
trap 'umount "$root/proc" 2>/dev/null; rm -rf --one-file-system "$place"' EXIT

same_bytes() {
	local package
	for package in "$first"/*.deb; do
		cmp "$package" "$second/${package##*/}" || return
	done
}

no_place_of_ours() {
	dpkg-deb -R "$deb" "$place/unpacked" && ! grep -rlF "$PWD" "$place/unpacked"
}

documents_link() {
	scripts/check-links "$place/unpacked/usr/share/doc/vigie"
}

lint() {
	[ -z "$(lintian --allow-root --pedantic --fail-on error,warning "$first"/*.changes 2>&1 | tee /dev/stderr)" ]
}

versions_agree() {
	[ "$(sed -n 's/^VERSION := //p' Makefile)" = "$(dpkg-deb -f "$deb" Version)" ]
}

# --- In a Debian of its own.

prepare() {
	local archive packages
	packages=$(dpkg-deb -f "$deb" Depends | tr ',' '\n' | sed 's/[|(].*//; s/ //g')
	# shellcheck disable=SC2086
	archive=$(tests/vm/debian_roots.py bookworm systemd-sysv dbus procps passwd $packages) || return
	mkdir "$root" && tar -x -C "$root" -f "$archive" --exclude='./dev/*' || return
	mount -t proc proc "$root/proc" || return
	cp "$deb" "$root/tmp/vigie.deb"
	all_files >"$place/before"
}

# What dpkg itself writes when anything is installed is not vigie's.
all_files() {
	(cd "$root" && find . -xdev \( -path ./tmp -o -path ./proc -o -path ./dev \) -prune -o -print) |
		grep -vE '^\./var/(lib/dpkg|cache/(ldconfig|debconf|man)|log)(/|$)|^\./etc/(passwd|group|shadow|gshadow)-$|^\./etc/\.pwd\.lock$' |
		LC_ALL=C sort
}

inside() {
	DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"
}

installs() {
	inside dpkg -i /tmp/vigie.deb &&
		inside getent passwd vigie && inside getent group vigie &&
		[ "$(inside stat -c '%U %G %a' /var/lib/vigie)" = 'vigie vigie 750' ] &&
		[ -L "$root/etc/systemd/system/multi-user.target.wants/vigie.service" ] &&
		[ -e "$root/etc/vigie/vigie.yml" ] && inside vigie serve --check-config &&
		inside vigie --version
}

# As vigie leaves it, and as it left it when it served as nobody.
keeps_history() {
	mkdir -p "$root/var/lib/vigie/ring" && echo x >"$root/var/lib/vigie/ring/1" || return
	inside chown -R "$1" /var/lib/vigie && inside dpkg -i /tmp/newer.deb >"$place/said" 2>&1 || return
	cat "$place/said"
	[ "$(inside stat -c '%U' /var/lib/vigie/ring/1)" = vigie ] &&
		[ "$(cat "$root/var/lib/vigie/ring/1")" = x ]
}

newer() {
	dpkg-deb -R "$deb" "$place/newer" &&
		sed -i 's/^Version: .*/&+next/' "$place/newer/DEBIAN/control" &&
		dpkg-deb -b "$place/newer" "$root/tmp/newer.deb"
}

removes() {
	inside dpkg -r vigie && [ ! -e "$root/usr/sbin/vigie" ] && [ -e "$root/var/lib/vigie/ring/1" ]
}

leaves_nothing() {
	inside dpkg -P vigie || return
	all_files | diff "$place/before" - &&
		! grep -r vigie "$root/etc/passwd" "$root/etc/group" "$root/etc/shadow" "$root/etc/gshadow"
}

deb=$(echo "$first"/vigie_*.deb)
check "two builds of the package are the same bytes" same_bytes
check "no path of the machine that built it" no_place_of_ours
check "its documents link to what is installed" documents_link
check "lintian finds nothing, pedantic tags included" lint
check "the package has the version of the program" versions_agree
if ! command -v mmdebstrap >/dev/null || [ "$(id -u)" -ne 0 ]; then
	skip "in a Debian of its own" "needs root and mmdebstrap (scripts/setup --test)"
	tap_end
	exit
fi
check "a Debian 12 to install it in" prepare
check "installed: user, group, directory, unit enabled, program runs" installs
check "a newer version" newer
check "an upgrade keeps the history" keeps_history vigie:vigie
check "an upgrade gives nobody's history to vigie" keeps_history nobody:nogroup
check "and says so" grep -q "was nobody's" "$place/said"
check "removed: the history stays" removes
check "purged: nothing is left" leaves_nothing
tap_end
