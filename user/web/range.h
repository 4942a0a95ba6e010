/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * range.h - the host's load over a time, in as many points as a picture has room for. PURE.
 *
 * Owns: what of a snapshot is a sample, what lies between two of them, and how many become one point: the
 * mean, and the highest with its time, so that a spike stays one. Not here: where snapshots come from.
 */
#ifndef VIGIE_WEB_RANGE_H
#define VIGIE_WEB_RANGE_H

#include "base/json_writer.h"
#include "data/snapshot.h"

/* What is kept of a snapshot: counters since boot, and a gauge. */
struct web_sample {
	__u64 time_ns, wall_ns;
	__u64 busy_ns, total_ns; /* of all CPUs */
	__u64 pressure_ns[PSI_RESOURCES]; /* somebody waited */
	bool pressure_known;
	__u64 memory_used, memory_total;
};

void web_sample_take(struct web_sample *ret, const struct snapshot *snapshot);
/* Ratio of busy to all; -1: nothing lies between them: another boot, or no time. */
double web_sample_busy(const struct web_sample *before, const struct web_sample *now);

struct web_point;

struct web_range {
	__u64 from_ns, to_ns; /* CLOCK_REALTIME */
	unsigned int npoints;
	struct web_point *points;
	struct web_sample before;
	bool have_before;
};

/* from < to; points 1 or more. 0 or -ENOMEM. */
int web_range_init(struct web_range *range, __u64 from_ns, __u64 to_ns, unsigned int points);
void web_range_done(struct web_range *range);
/* In the order of time. The first is only what the second is compared with. */
void web_range_add(struct web_range *range, const struct web_sample *sample);
/*
 * Members of an object that is open: from, to, and arrays of one length: time, peak_time, cpu_ratio,
 * cpu_ratio_max, memory_used_ratio, pressure_*_ratio. null: not known, a gap.
 */
void web_range_put(const struct web_range *range, struct json *j);

#endif
