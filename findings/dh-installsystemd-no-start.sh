#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# dh-installsystemd-no-start - a unit that the package does not start is stopped by an upgrade all the same.
#
# debhelper 13.11.4 as Debian 12 has it (packages debhelper, libdebhelper-perl), compat level 13. With
# --no-enable --no-start a package brings a unit for who wants it. Its preinst stops the unit before an
# upgrade, and its postinst starts nothing: whoever had enabled and started it is without it until the next
# boot. A removal, on the other hand, leaves it running. With --no-stop-on-upgrade, too, an upgrade touches
# nothing. The manual says of --no-start "do not start", and nothing of who stops.
#
# Needs perl and libdpkg-perl; nothing is installed, no unit is touched. Exits with 1 if the scripts are otherwise.
set -euo pipefail

version=13.11.4
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download -qq "debhelper=$version" "libdebhelper-perl=$version"
for package in ./*.deb; do dpkg-deb -x "$package" tools; done
export PERL5LIB=$place/tools/usr/share/perl5 DH_AUTOSCRIPTDIR=$place/tools/usr/share/debhelper/autoscripts

mkdir -p tree/debian
cd tree
cat >debian/control <<-'END'
	Source: box
	Maintainer: Box <box@example.org>
	Build-Depends: debhelper-compat (= 13)

	Package: box
	Architecture: all
	Description: a socket
END
cat >debian/changelog <<-'END'
	box (1) unstable; urgency=low

	  * One.

	 -- Box <box@example.org>  Thu, 01 Jan 2026 00:00:00 +0000
END

made() { # OPTION...: what the scripts do to the unit, a word each
	local unit=debian/box/lib/systemd/system/box.socket
	rm -rf debian/box debian/*.debhelper debian/.debhelper
	install -D -m 0644 /dev/null "$unit"
	printf '[Socket]\nListenStream=/run/box\n[Install]\nWantedBy=sockets.target\n' >"$unit"
	perl "$place/tools/usr/bin/dh_installsystemd" --no-enable "$@" box.socket
	find debian -type f -name '*inst.*' -o -type f -name '*rm.*' | sort | while read -r script; do
		sed -nE "s/.*deb-systemd-invoke (.*) 'box.socket'.*/\1/p" "$script" |
			sed "s/^/$(basename "$script" | cut -d. -f1 | sed 's/^box$//'):/"
	done | tr '\n' ' '
}

status=0
expect() { # WHAT OPTION...
	local said
	said=$(made "${@:2}")
	printf '%-34s %s\n' "${*:2}" "${said:-nothing}"
	[ "$said" = "$1" ] || status=1
}
# shellcheck disable=SC2016  # as the script has it
expect 'postinst:$_dh_action prerm:stop '
expect 'preinst:stop ' --no-start
expect '' --no-start --no-stop-on-upgrade
[ $status = 0 ] && echo "as described: --no-start alone stops what an upgrade finds, and starts nothing"
exit $status
