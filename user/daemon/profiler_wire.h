/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * profiler_wire.h - what the main process, the witness and the scribe say to each other.
 *
 *	main ──witness_ask──> witness ──witness_parcel + descriptor──> scribe
 *	     <──witness_said──
 *
 * One packet each of a SOCK_SEQPACKET pair; all ends are of one build. The main process faces
 * the network and may have been taken over: the witness checks every field, and what it makes
 * does not come back to main.
 */
#ifndef VIGIE_DAEMON_PROFILER_WIRE_H
#define VIGIE_DAEMON_PROFILER_WIRE_H

#include "data/finding.h"

enum { WITNESS_TARGETS = 4, WITNESS_WHAT_LEN = 112 };

/* A process: pid in the initial namespace, start in CLOCK_BOOTTIME, as everywhere. */
struct witness_target {
	__u32 pid, zero;
	__u64 start_ns;
};

struct witness_ask {
	char id[FINDING_ID_LEN]; /* of the finding, and so of its folder */
	char pad[3];
	__u32 n, zero;
	struct witness_target targets[WITNESS_TARGETS]; /* whom it is about first */
};

enum witness_outcome {
	WITNESS_CAPTURED, /* a session is in the finding's folder, or on its way */
	WITNESS_BUSY, /* another session runs on this host, or hangs: then what says which */
	WITNESS_LIMITED, /* too soon after the last one, or too many in an hour */
	WITNESS_GONE, /* none of them lives any more */
	WITNESS_FAILED,
	WITNESS_OUTCOMES,
};

struct witness_said {
	char id[FINDING_ID_LEN];
	char what[WITNESS_WHAT_LEN]; /* that err is about, or why it is refused, or "" */
	char pad[3];
	__u32 outcome; /* enum witness_outcome */
	__s32 err; /* 0 or -errno */
	__u64 stacks, lost;
	__u64 totals[WITNESS_OUTCOMES]; /* since the witness began */
	__u64 cpu_ns; /* of the witness and of all its sessions */
};

/* With the descriptor of a sealed memfd: the file to attach. */
struct witness_parcel {
	char id[FINDING_ID_LEN];
	char pad[3];
};

#define WITNESS_FILE "session.vigie" /* its name in the finding's folder */

#endif
