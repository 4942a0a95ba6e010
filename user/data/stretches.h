/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stretches.h - the views of a history, one for each snapshot or one for each stretch of time.
 *
 * Owns: where a stretch ends. Not here: how intervals add up (view_sum.h).
 */
#ifndef VIGIE_DATA_STRETCHES_H
#define VIGIE_DATA_STRETCHES_H

#include "data/view_sum.h"

struct stretches {
	__u64 every_ns; /* 0: each view is one */
	__u64 next_ns; /* by the wall clock: when a view was handed out, and every_ns */
	struct view_sum *sum; /* NULL: each view is one */
};

/* 0 or -ENOMEM. */
int stretches_init(struct stretches *s, __u64 every_ns);
void stretches_done(struct stretches *s);
/*
 * One view more. 1: *ret is one to show, with all that happened since the last such one, valid
 * until the next call and as long as view; 0: the stretch goes on; or -errno.
 */
int stretches_add(struct stretches *s, const struct view *view, const struct view **ret);
/* There are no more: what is left, of which last was the last. As stretches_add(). */
int stretches_end(struct stretches *s, const struct view *last, const struct view **ret);

#endif
