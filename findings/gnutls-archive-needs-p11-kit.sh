#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# gnutls-archive-needs-p11-kit - Debian's libgnutls.a cannot be linked: what it needs has no archive.
#
# GnuTLS 3.7.9 and p11-kit 0.24.1 as Debian 12 has them (packages libgnutls28-dev, libp11-kit-dev and what
# the first depends on). The archive refers to p11-kit, and gnutls.pc names it for static linking; p11-kit is
# a shared library only. So no static program can use GnuTLS, also one that knows no token and no smart card:
# nothing but p11-kit's functions is undefined. A GnuTLS built --without-p11-kit can be linked.
#
# Needs gcc and libc6-dev. Exits with 1 if the linker answers otherwise.
set -euo pipefail

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download -qq "libgnutls28-dev=3.7.9-2+deb12u7" "libp11-kit-dev=0.24.1-2" "nettle-dev=3.8.1-2" \
	"libgmp-dev=2:6.2.1+dfsg1-1.1" "libtasn1-6-dev=4.19.0-2+deb12u1" "libidn2-dev=2.3.3-1+b1" \
	"libunistring-dev=1.0-2"
for package in ./*.deb; do dpkg-deb -x "$package" .; done
libs=$(dirname "$(find usr -name libgnutls.a)")

cat >session.c <<-'END'
	#include <gnutls/gnutls.h>

	int main(void)
	{
		gnutls_session_t session;

		return gnutls_global_init() || gnutls_init(&session, GNUTLS_SERVER);
	}
END

linked() { # FILE...: yes or no; what is undefined is in the file undefined
	gcc -static -Iusr/include -o program "$@" "-L$libs" -lgnutls -lhogweed -lnettle -lgmp -ltasn1 -lidn2 \
		-lunistring >said 2>&1 && echo yes && return
	sed -nE 's/.*undefined reference to `(\w+).*/\1/p' said | sort -u >undefined
	echo no
}

status=0
expect() { # WHAT EXPECTED IS
	echo "$1: $3"
	[ "$2" = "$3" ] || status=1
}
expect "a static program that begins a session is linked" no "$(linked session.c)"
expect "functions that are undefined and not p11-kit's" 0 "$(grep -vc '^p11_kit_' undefined || true)"
expect "archives of p11-kit" 0 "$(find . -name 'libp11-kit*.a' | wc -l)"
expect "its name in gnutls.pc, for static linking" p11-kit-1 \
	"$(sed -n 's/^Requires.private:.*\(p11-kit-1\).*/\1/p' "$libs/pkgconfig/gnutls.pc")"
# With functions of these names it is: nothing else is missing.
sed 's/.*/void &(void) { }/' undefined >stubs.c
expect "the same with empty functions of these names" yes "$(linked session.c stubs.c)"
[ $status = 0 ] && echo "as described: the archive wants p11-kit, of which there is no archive"
exit $status
