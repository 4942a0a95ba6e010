/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * profiler_rate.h - PURE: how often a finding may start a session.
 *
 * A session slows its target by some percent, and whoever can cause findings can cause sessions:
 * so their rate is limited here, whatever the main process asks for.
 */
#ifndef VIGIE_DAEMON_PROFILER_RATE_H
#define VIGIE_DAEMON_PROFILER_RATE_H

#include <stdbool.h>

#include "daemon/profiler_wire.h"

enum { PROFILER_PER_HOUR = 12, PROFILER_REMEMBERED = 16 };

struct profiler_rate {
	__u64 began_ns[PROFILER_PER_HOUR]; /* a ring, 0: none */
	unsigned int next;
	struct profiler_target
		seen[PROFILER_REMEMBERED]; /* likewise: the processes of the last ones */
	__u64 seen_ns[PROFILER_REMEMBERED];
	unsigned int next_seen;
};

/*
 * True: one may begin now, and is counted. At most one a minute, PROFILER_PER_HOUR an hour, and
 * one in ten minutes about the same process. now_ns: any clock that only goes forward, not 0.
 */
bool profiler_rate_take(struct profiler_rate *rate, __u64 now_ns,
			const struct profiler_target *about);

#endif
