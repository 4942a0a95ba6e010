/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * profiler_rate.h - PURE: how often a finding may start a session.
 *
 * A session costs its target some percent, and who can cause findings can cause sessions: so
 * they are few by themselves, whoever asks.
 */
#ifndef VIGIE_DAEMON_PROFILER_RATE_H
#define VIGIE_DAEMON_PROFILER_RATE_H

#include <stdbool.h>

#include "daemon/profiler_wire.h"

enum { WITNESS_PER_HOUR = 12, WITNESS_REMEMBERED = 16 };

struct witness_rate {
	__u64 began_ns[WITNESS_PER_HOUR]; /* a ring, 0: none */
	unsigned int next;
	struct witness_target seen[WITNESS_REMEMBERED]; /* likewise: whom the last ones were about */
	__u64 seen_ns[WITNESS_REMEMBERED];
	unsigned int next_seen;
};

/*
 * True: one may begin now, and is counted. At most one a minute, WITNESS_PER_HOUR an hour, and
 * one in ten minutes about the same process. now_ns: any clock that only goes forward, not 0.
 */
bool witness_rate_take(struct witness_rate *rate, __u64 now_ns, const struct witness_target *about);

#endif
