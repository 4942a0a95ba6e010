/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * growth.h - whether a value grows steadily, and when it reaches its limit. PURE.
 *
 * Two windows of constant size: the last samples as they are, and the last ten minutes by the
 * lowest value of each ten seconds, so that memory which is freed again does not count.
 * Owns: distinguishing steady growth from bursts, sawtooths and values that level off.
 */
#ifndef VIGIE_DETECT_GROWTH_H
#define VIGIE_DETECT_GROWTH_H

#include <stdbool.h>
#include <linux/types.h>

enum { GROWTH_SHORT = 32, GROWTH_LONG = 64 };

struct growth {
	struct growth_point {
		float age_s; /* since the series began */
		double value;
	} recent[GROWTH_SHORT];
	unsigned int nrecent, at;
	double lowest[GROWTH_LONG], highest[GROWTH_LONG]; /* by ten seconds; rings */
	/* Of values older than the ring: the highest, and how far it fell from there; both decay. */
	double high_before, fall_before;
	__u64 turn; /* of the one under way */
	unsigned int nlong;
	__u64 began_ns;
};

struct growth_trend {
	bool steady;
	double slope_per_s, grown, from, span_s;
	double confidence; /* of the line, in [0,1] */
};

void growth_add(struct growth *growth, __u64 time_ns, double value);
/* Of the last moments: at least least_s of them, else it is not steady. */
struct growth_trend growth_recent(const struct growth *growth, double least_s);
struct growth_trend growth_long(const struct growth *growth, double least_s);
/*
 * The highest that it was earlier than the last span_s seconds; 0: nothing is known of then.
 * What only comes back to where it was does not grow.
 */
double growth_earlier(const struct growth *growth, double span_s);
/*
 * The furthest that it fell back in that time, from a high to a later low: what it swings by.
 * A collected heap that once climbs somewhat higher than ever does not grow, either.
 */
double growth_fall(const struct growth *growth, double span_s);

#endif
