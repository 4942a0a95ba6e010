/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * transport.h - bytes to servers and back, several at once, none waiting for another.
 *
 * The one file of vigie that knows libcurl. Each slot has a handle and with it a connection that is
 * kept alive; a slot does one thing at a time. No redirects, no cookies, no .netrc, TLS from 1.2 on
 * and always verified; an answer is bounded in bytes and time.
 *
 * Owns: handles, connections, Graphite's plain socket, the bounds. Not here: what an answer means
 * (retry.h), what is sent and when (pusher.h).
 */
#ifndef VIGIE_PUSH_TRANSPORT_H
#define VIGIE_PUSH_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <vigie/abi.h>

#include "push/destination.h"

enum { TRANSPORT_WHY_LEN = 160, TRANSPORT_RETRY_AFTER_LEN = 64 };

struct transport_request {
	const char *url; /* http, https; with plain: http://HOST:PORT that is only connected to */
	const char *unix_path; /* NULL: by the network */
	bool plain; /* body as it is, no HTTP; done when the other end's kernel has it */
	bool direct; /* never by a proxy of the environment */
	const void *body; /* NULL: GET. Borrowed until the answer is taken */
	size_t len;
	const char *const *headers; /* "Name: value"; copied */
	unsigned int nheaders;
	const char *username, *password; /* NULL: none. Copied */
	const char *ca_file; /* NULL: the system's authorities */
	__u64 timeout_ns;
	size_t answer_max; /* bytes of the answer's body: beyond it ends, and its status counts */
};

struct transport_answer {
	unsigned int slot;
	unsigned int status; /* 0: none */
	enum push_retry failure; /* with status 0 */
	bool cut; /* the body is not whole: too large, too slow, or the connection was lost */
	char retry_after[TRANSPORT_RETRY_AFTER_LEN]; /* "": none was sent */
	const char *body; /* until the slot's next request; NUL-terminated */
	size_t len;
	char why[TRANSPORT_WHY_LEN]; /* of status 0: for people, printable */
};

struct transport;

/* 0 or -errno. */
int transport__new(unsigned int slots, struct transport **ret);
void transport__free(struct transport *t); /* accepts NULL; what is on its way is cut */

/* The slot does nothing else. 0 or -errno: nothing was begun. */
int transport__start(struct transport *t, unsigned int slot,
		     const struct transport_request *request);
bool transport__is_busy(const struct transport *t, unsigned int slot);
/* Until something comes of any slot, fd (-1: none) can be read, or the time is over. 0 or -errno. */
int transport__wait(struct transport *t, int fd, __u64 timeout_ns);
/* An answer that nobody has taken yet. False: there is none. */
bool transport__take(struct transport *t, struct transport_answer *ret);

#endif
