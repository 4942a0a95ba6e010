/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * curve.h - the quantity of a finding over time, out of a history, as a small plot.
 *
 * Owns: the drawing. Which figure of a view a rule's quantity is says detect/quantity.h.
 */
#ifndef VIGIE_APP_CURVE_H
#define VIGIE_APP_CURVE_H

#include <stdbool.h>

#include "base/buf.h"
#include "data/view.h"
#include "detect/quantity.h"

enum { CURVE_COLUMNS = 64, CURVE_ROWS = 8 };

struct curve {
	__u64 from_ns, to_ns; /* wall clock */
	struct quantity *quantity;
	double highest[CURVE_COLUMNS]; /* by time */
	bool seen[CURVE_COLUMNS];
	unsigned int samples;
	double last, top; /* if there are samples */
};

/* 0 or -ENOMEM. */
int curve_init(struct curve *curve, __u64 from_ns, __u64 to_ns, const struct rule *rule,
	       const struct actor *who);
void curve_done(struct curve *curve);
/* The next view is the first of another life of vigie. */
void curve_restart(struct curve *curve);
void curve_add(struct curve *curve, const struct view *view);
/* Nothing if there is no sample. */
void curve_draw(const struct curve *curve, const char *unit, struct buf *out);

#endif
