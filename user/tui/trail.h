/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trail.h - what each row did in the samples before: for its spark line, and for one row in detail. PURE.
 *
 * Owns: the last two dozen samples, of each row a few figures. Not here: which samples these are
 * (who shows them), how they are drawn.
 */
#ifndef VIGIE_TUI_TRAIL_H
#define VIGIE_TUI_TRAIL_H

#include <stdbool.h>

#include "data/view.h"

/* Rows of all samples together, 20 MB: with more of them there are fewer samples, and of one no more. */
enum { TRAIL_SAMPLES = 24, TRAIL_POINTS_MAX = 200000 };

struct trail_point {
	__u64 row; /* trail_row() */
	__u64 user_ns, system_ns, wait_ns, off_ns[VIGIE_OFF_REASONS];
	__u64 rss_bytes;
	__u32 threads;
	bool changed; /* threads came or went in that interval */
};

struct trail_sample {
	__u64 wall_ns, interval_ns;
	struct trail_point *points; /* ascending row */
	size_t n;
};

struct trail {
	struct trail_sample samples[TRAIL_SAMPLES]; /* the oldest first */
	unsigned int n;
	size_t points_max; /* 0: TRAIL_POINTS_MAX */
};

/* The same for the same names in views of the same grouping. */
__u64 trail_row(const struct view *view, const struct group_view *group);
/* 0 or -ENOMEM: it is as it was. */
int trail_add(struct trail *trail, const struct view *view);
void trail_clear(struct trail *trail);
/* NULL: it was not there. i below trail->n. */
const struct trail_point *trail_point(const struct trail *trail, unsigned int i, __u64 row);

#endif
