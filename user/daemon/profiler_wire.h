/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * profiler_wire.h - the messages between the main process, the profiler and the writer.
 *
 *	main ──profiler_ask──> profiler ──profiler_parcel + descriptor──> writer
 *	     <──profiler_said──
 *
 * One packet each of a SOCK_SEQPACKET pair; all ends are of one build. The main process reads
 * from the network and may have been taken over: the profiler checks every field, and sends no
 * session back to it.
 */
#ifndef VIGIE_DAEMON_PROFILER_WIRE_H
#define VIGIE_DAEMON_PROFILER_WIRE_H

#include "data/finding.h"
#include "data/self.h"

enum { PROFILER_TARGETS = 4, PROFILER_WHAT_LEN = 112 };

/* A process: pid in the initial namespace, start in CLOCK_BOOTTIME, as everywhere. */
struct profiler_target {
	__u32 pid, zero;
	__u64 start_ns;
};

struct profiler_ask {
	char id[FINDING_ID_LEN]; /* of the finding, and so of its folder */
	char pad[3];
	__u32 n, zero;
	struct profiler_target targets[PROFILER_TARGETS]; /* those that it is about come first */
};

struct profiler_said {
	char id[FINDING_ID_LEN];
	char what[PROFILER_WHAT_LEN]; /* that err is about, or why it is refused, or "" */
	char pad[3];
	__u32 outcome; /* enum profiler_outcome */
	__s32 err; /* 0 or -errno */
	__u64 stacks, lost;
	struct self_profiler self; /* of all its sessions, the profiler's own CPU time included */
};

/* With the descriptor of a sealed memfd: the file to attach. */
struct profiler_parcel {
	char id[FINDING_ID_LEN];
	char pad[3];
};

#define PROFILER_FILE "session.vigie" /* its name in the finding's folder */

#endif
