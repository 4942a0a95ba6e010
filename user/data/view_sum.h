/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * view_sum.h - several intervals as one: what lies between two views that are shown.
 *
 * Owns: adding up whatever a view has of its interval; gauges and totals are those of the last.
 */
#ifndef VIGIE_DATA_VIEW_SUM_H
#define VIGIE_DATA_VIEW_SUM_H

#include "data/view.h"

struct view_sum;

struct view_sum *view_sum__new(void); /* NULL: no memory */
void view_sum__free(struct view_sum *sum); /* accepts NULL */

/* One interval more; after view_sum__take() the first of the next sum. 0 or -errno (-ENOMEM). */
int view_sum__add(struct view_sum *sum, const struct view *view);
bool view_sum__is_empty(const struct view_sum *sum);
/*
 * The last one that was added, with the intervals of all. Groups and pairs that it no longer has
 * are in its other. Valid until the next call; last must be, too. 0 or -errno.
 */
int view_sum__take(struct view_sum *sum, const struct view *last, const struct view **ret);

#endif
