#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# libmicrohttpd-queues-connections - MHD_add_connection() of 1.0 returns before there is a connection.
#
# Up to 0.9.75 (Debian 12) a daemon without threads of its own makes the connection and calls the
# MHD_OPTION_NOTIFY_CONNECTION callback before MHD_add_connection() returns. 1.0.1 (Debian 13) only puts
# the socket on a list, and calls back in the next MHD_run(). The header does not say when, and the call
# answers MHD_YES in both: who keeps something for the callback on its stack, or
# takes "not called" for "refused", works with one and crashes or leaks with the other.
#
# Needs mmdebstrap, and the Debian archive: the library is asked inside a root of each release. Exits with 1 if
# a version, or what it does, differs.
set -euo pipefail

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

cat >"$place/add.c" <<'END'
#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <sys/socket.h>

static int called;

static void on_connection(void *cls, struct MHD_Connection *c, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	called += code == MHD_CONNECTION_NOTIFY_STARTED;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *url, const char *method,
				  const char *version, const char *data, size_t *len, void **context)
{
	return MHD_NO;
}

int main(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), fd;
	struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL,
						     on_request, NULL, MHD_OPTION_NOTIFY_CONNECTION,
						     on_connection, NULL, MHD_OPTION_END);
	enum MHD_Result added;

	if (!daemon || bind(listener, (struct sockaddr *)&at, len) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&at, &len) ||
	    connect(client, (struct sockaddr *)&at, len))
		return 1;
	fd = accept(listener, (struct sockaddr *)&at, &len);
	added = MHD_add_connection(daemon, fd, (struct sockaddr *)&at, len);
	printf("%s: added %d, called back %d", MHD_get_version(), added == MHD_YES, called);
	MHD_run(daemon);
	printf(", after MHD_run() %d\n", called);
	MHD_stop_daemon(daemon);
	return 0;
}
END

status=0
expect() { # SUITE PACKAGE-VERSION WHAT-IS-SAID
	local packages=gcc,libc6-dev,libmicrohttpd-dev root=$place/$1 version said
	mmdebstrap --quiet --variant=minbase --include="$packages" "$1" "$root" 2>"$place/log" || {
		tail -n 5 "$place/log" >&2
		exit 1
	}
	cp "$place/add.c" "$root/tmp/"
	# shellcheck disable=SC2016  # dpkg-query's own
	version=$(chroot "$root" dpkg-query -Wf '${Version}' libmicrohttpd-dev)
	said=$(chroot "$root" sh -c 'cc -o /tmp/add /tmp/add.c -lmicrohttpd && /tmp/add')
	echo "$1, libmicrohttpd $version: $said"
	[ "$version" = "$2" ] && [ "$said" = "$3" ] || status=1
}

expect bookworm 0.9.75-6 '0.9.75: added 1, called back 1, after MHD_run() 1'
expect trixie 1.0.1-4 '1.0.1: added 1, called back 0, after MHD_run() 1'
[ $status = 0 ] && echo "as described: before 1.0 at once, since then in the next MHD_run()"
exit $status
