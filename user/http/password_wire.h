/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * password_wire.h - the question whether a password is the one of a hash, and its answer.
 *
 *	http ──password_ask──> the process that does bcrypt (daemon/password_child.h)
 *	     <──password_said──
 *
 * One packet each of a SOCK_SEQPACKET pair, both ends of one build; one question at a time.
 */
#ifndef VIGIE_HTTP_PASSWORD_WIRE_H
#define VIGIE_HTTP_PASSWORD_WIRE_H

#include <linux/types.h>

#include "data/access.h"

enum {
	/* bcrypt looks at 72 bytes and no further, in Go and in crypt(3). */
	PASSWORD_MAX = 72,
};

struct password_ask {
	__u64 id;
	char hash[BCRYPT_HASH_LEN + 1];
	char password[PASSWORD_MAX + 1]; /* no NUL within */
};

struct password_said {
	__u64 id;
	__u64 matches;
	__u64 cpu_ns; /* what that process used, ever */
};

#endif
