/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * auth.h - who may be answered: users with passwords, bearers of tokens.
 *
 *	Authorization ──> known? ── yes ─> OK
 *	                    └─ no ─> a job in the queue ──(bcrypt, elsewhere)──> OK or DENIED
 *
 * What was once verified is known for as long as the user's hash stays: kept is a keyed hash, under a
 * random key of this run, of user, hash and password; neither the password nor anything that can be
 * tried out elsewhere. An unknown user makes a job, too, against the salt of nobody and at the cost of
 * one of the users, so that nobody can tell from the time. A failure costs its address a token;
 * without one nothing is verified for it, but what is known still goes through.
 *
 * Owns: that table, the queue, the addresses. PURE: no sockets, no clock; time comes in.
 * Not here: bcrypt itself (daemon/password_child.h), who asks it (http.c).
 */
#ifndef VIGIE_HTTP_AUTH_H
#define VIGIE_HTTP_AUTH_H

#include <linux/types.h>
#include <stdbool.h>

#include "data/access.h"
#include "http/password_wire.h"

enum {
	AUTH_KNOWN_MAX = 128,
	AUTH_JOBS_MAX = 16,
	AUTH_JOBS_PER_ADDRESS = 4,
	AUTH_ADDRESSES_MAX = 256,
	AUTH_FAILURES = 10, /* at once; */
	AUTH_FAILURE_MS = 6000, /* then one in so long */
};

/* Of whom failures are counted: an IPv4 address, or the 64 bits of an IPv6 network. */
struct auth_address {
	unsigned char family; /* AF_INET, AF_INET6; 0: nobody's */
	unsigned char bytes[8];
};

enum auth_verdict {
	AUTH_OK,
	AUTH_MISSING, /* no credentials, or none that can be read: 401 */
	AUTH_DENIED, /* wrong ones: 401 */
	AUTH_LIMITED, /* too many failures of this address: 429 */
	AUTH_BUSY, /* the queue is full, or nobody verifies: 503 */
	AUTH_WAIT, /* a job is under way */
};

struct auth;

/* Lets everybody in until auth_configure(). 0, -ENOMEM, or -errno: no random bytes. */
int auth__new(struct auth **ret);
void auth__free(struct auth *auth); /* accepts NULL */
/* Who may from now on; what it needs is copied. Jobs under way go on. 0 or -ENOMEM: as before. */
int auth__configure(struct auth *auth, const struct access *access);
bool auth__asks(const struct auth *auth); /* false: everybody may */
bool auth__takes_users(const struct auth *auth);
bool auth__takes_tokens(const struct auth *auth);

/* header: the value of Authorization, or NULL. *ret_job with AUTH_WAIT. */
enum auth_verdict auth__check(struct auth *auth, const char *header,
			      const struct auth_address *from, __u64 now_ms, __u64 *ret_job);
/* The next question to ask, once; false: there is none, or one is under way. */
bool auth__next(struct auth *auth, struct password_ask *ret);
/* Its answer. The verdict is the one of all that wait for this job; it is over. */
enum auth_verdict auth__answer(struct auth *auth, const struct password_said *said);
/* Nobody verifies any more: ends the oldest job. True with *ret_job. */
bool auth__abandon(struct auth *auth, __u64 *ret_job);

#endif
