/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * unfreed.h - how many tasks have ended and still owe what they used last. PURE.
 *
 * Owns: the reckoning. Born since + living then = freed since + living now + unfreed, against the first
 * pass. Whom a pass has no room for is in none of these and may be in all of them by the next: the
 * figure stays as it is until nobody is passed over, and counts on from there. Not here: who is passed
 * over (bpf/iter.bpf.c).
 */
#ifndef VIGIE_COLLECT_UNFREED_H
#define VIGIE_COLLECT_UNFREED_H

#include <linux/types.h>
#include <stdbool.h>

/* All 0 before the first pass. */
struct unfreed {
	__u64 now; /* the figure */
	__s64 base; /* what the sum is where nobody owes */
	bool began, passed_over; /* the last pass did so to somebody */
};

/* A pass has ended. forks and frees: since the probes are there; records: of the pass. */
static inline void unfreed_count(struct unfreed *u, __u64 forks, __u64 frees, __u64 records,
				 bool passed_over)
{
	__s64 owed = (__s64)(forks - frees - records);

	if (!u->began || passed_over || u->passed_over)
		u->base = owed - (__s64)u->now;
	u->began = true;
	u->passed_over = passed_over;
	u->now = owed > u->base ? owed - u->base : 0;
}

#endif
