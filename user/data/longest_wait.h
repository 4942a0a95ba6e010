/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * longest_wait.h - who waited longest in a view's interval, on what, and because of whom. PURE.
 *
 * Owns: which wait of a view is worth a sentence, and that sentence. Not here: how its reader names whom.
 */
#ifndef VIGIE_DATA_LONGEST_WAIT_H
#define VIGIE_DATA_LONGEST_WAIT_H

#include <stdbool.h>

#include "base/buf.h"
#include "data/view.h"

struct longest_wait {
	const struct group_view *who; /* no kernel thread */
	const char *what; /* static: "for a CPU", "for storage", "for memory" */
	__u64 ns;
	const struct delay_view
		*delay; /* who ran during most of it; NULL: not known, or no such wait */
};

/* False: nobody waited for a fiftieth of the interval, or there is no interval. */
bool longest_wait_find(const struct view *view, struct longest_wait *ret);
/* The group's label values joined by "/", as victims and culprits are named. */
void group_name(struct buf *out, const struct view *view, const struct group_view *group);
/*
 * "a.service/a waited for a CPU 71.2 % of the time (sum of its 4 threads), because of b, which ran during 0.512s of it",
 * where who and culprit are as the reader names them; culprit is not read where wait->delay is NULL.
 */
void longest_wait_say(struct buf *out, const struct view *view, const struct longest_wait *wait,
		      const char *who, const char *culprit);

#endif
