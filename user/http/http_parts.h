/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * http_parts.h - what http.c and http_setup.c share.
 *
 * Owns: the struct. For nobody else.
 */
#ifndef VIGIE_HTTP_HTTP_PARTS_H
#define VIGIE_HTTP_HTTP_PARTS_H

#include <sys/utsname.h>

#include "base/token_bucket.h"
#include "http/access_gate.h"
#include "http/conns.h"
#include "http/deferred.h"
#include "http/farewell.h"
#include "http/http.h"
#include "http/listener.h"
#include "http/routes.h"

struct MHD_Daemon;
struct MHD_Response;

struct http {
	struct routes routes;
	struct MHD_Daemon *daemon;
	struct MHD_Daemon *tls_daemon; /* NULL: never configured */
	struct access_gate gate;
	int epoll_fd; /* of the listeners, the lingering, the verifier and libmicrohttpd's own epolls */
	struct listener listeners[HTTP_LISTENERS_MAX + 1]; /* and what http__add() adds */
	unsigned int nlisteners;
	struct conns conns;
	struct deferred deferred;
	struct conn *accepting; /* handed to on_connection() */
	struct farewells farewells;
	__u64 now_ms;
	__u64 next_deadline_ms; /* 0: none */
	__u64 accept_again_ms; /* 0: not paused */
	struct token_bucket handshakes;
	__u64 connections_refused;
	struct MHD_Response *no_memory; /* prepared while there is some */
	char own_name[sizeof(((struct utsname *)0)->nodename)];
};

#endif
