/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * conns.h - the connections, their deadlines, and which one is closed for a new one.
 *
 * Owns: the phases of a connection, their deadlines, and the choice when all places are taken.
 * PURE: time comes in as milliseconds of any steady clock. Not here: sockets (http.c).
 */
#ifndef VIGIE_HTTP_CONNS_H
#define VIGIE_HTTP_CONNS_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "http/auth.h"
#include "http/tls.h"

enum {
	CONNECTIONS_MAX = 256,
	/* Those that were shut down keep their place until libmicrohttpd frees them. */
	CONN_SLOTS = CONNECTIONS_MAX + 64,
};

enum phase {
	PHASE_HEADER, /* a handshake or request is awaited or begun: 10 s for all of it */
	PHASE_VERIFY, /* its password is being verified: 10 s */
	PHASE_ANSWER, /* the answer is being written: 10 s for all of it */
	PHASE_ASKED, /* what it asks for is made elsewhere: 20 s */
	PHASE_IDLE, /* kept alive: 90 s, longer than the usual 60 s between scrapes */
};

/* What is known of whether a request may be answered. */
enum gate { GATE_NEW, GATE_WAITING, GATE_DECIDED };
/* Is its answer made elsewhere? See deferred.h. */
enum deferral { DEFERRAL_NONE, DEFERRAL_WAITING, DEFERRAL_OVER };

struct conn {
	bool used;
	bool ended; /* shut down, not yet freed */
	bool has_body; /* the request announced one, which stays unread */
	bool tcp;
	bool own; /* through the socket that http__add() added */
	bool check_host;
	bool trusted; /* its last request came with credentials, and they were right */
	enum phase phase;
	int fd;
	__u64 since_ms, deadline_ms;
	/* All headers so far; where it is encrypted, all that had come when it last became idle. */
	__u64 bytes_parsed;
	size_t uri_len;
	void *mhd; /* the library's connection */
	bool encrypted;
	bool broken; /* its session could not be made what it must be */
	struct tls_context *context; /* borrowed: only while it is admitted */
	struct tls_state tls;
	struct auth_address from;
	char peer[48]; /* its address as text; "" for a Unix socket */
	enum gate gate;
	enum auth_verdict verdict; /* once decided */
	__u64 job; /* that is waited for */
	enum deferral deferral;
	__u64 deferred_job;
	struct said *said; /* its answer; NULL: there will be none */
	const char *given_up; /* then: why; static, or NULL */
};

struct conns {
	struct conn slots[CONN_SLOTS];
	unsigned int alive; /* used and not ended */
};

/* A free slot, now in PHASE_HEADER; NULL if there is none. It stays where it is. */
struct conn *conns_add(struct conns *cs, int fd, __u64 now_ms);
void conns_end(struct conns *cs, struct conn *c);
void conns_remove(struct conns *cs, struct conn *c);
void conn_enter(struct conn *c, enum phase phase, __u64 now_ms);
/*
 * Which one to close for a new one: a header that is overdue (2 s), else the longest idle of those
 * that nobody vouches for, else the oldest header, else the longest idle, else an answer that is
 * overdue (5 s); NULL: all are being served. So strangers make room for each other first.
 */
struct conn *conns_worst(struct conns *cs, __u64 now_ms);

#endif
