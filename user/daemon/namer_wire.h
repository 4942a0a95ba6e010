/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * namer_wire.h - the messages between the main process and the namer.
 *
 *	main ──lookup_ask──> namer ──(a fork)──> reader
 *	     <──namer_said──       <──namer_read──
 *
 * One packet each of a SOCK_SEQPACKET pair, and of a pipe; all ends are of one build. A reader
 * has parsed the file of a stranger: the namer adds what the question was, so that it cannot
 * answer another one, and both ends look at every text.
 */
#ifndef VIGIE_DAEMON_NAMER_WIRE_H
#define VIGIE_DAEMON_NAMER_WIRE_H

#include "data/self.h"
#include "runtimes/lookup.h"

struct namer_said {
	struct lookup_ask ask;
	struct container_packed names;
	__s32 err; /* 0 or -errno */
	__u32 outcome; /* enum namer_outcome */
	struct self_namer self;
};

struct namer_read {
	struct container_packed names;
	__s64 err; /* of lookup_find() */
};
_Static_assert(sizeof(struct namer_read) <= 4096, "a pipe takes it whole or not at all");

#endif
