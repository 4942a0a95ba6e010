/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * curve.h - the quantity of a finding over time, out of a recording, as a small plot.
 *
 * Owns: which figure of a view a rule's quantity is, and the drawing.
 */
#ifndef VIGIE_APP_CURVE_H
#define VIGIE_APP_CURVE_H

#include <stdbool.h>

#include "base/buf.h"
#include "data/view.h"
#include "log/findings_log.h"

enum { CURVE_COLUMNS = 64, CURVE_ROWS = 8 };

struct curve {
	__u64 from_ns, to_ns; /* wall clock */
	double highest[CURVE_COLUMNS]; /* by time */
	bool seen[CURVE_COLUMNS];
	unsigned int samples;
};

void curve_init(struct curve *curve, __u64 from_ns, __u64 to_ns);
void curve_add(struct curve *curve, const struct view *view, const struct finding_event *event);
/* Nothing if there is no sample. */
void curve_draw(const struct curve *curve, const struct finding_event *event, struct buf *out);

#endif
