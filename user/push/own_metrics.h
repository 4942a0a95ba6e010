/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * own_metrics.h - what pushing itself is like, as families of the page that is pushed.
 *
 * Owns: names and help of vigie_push_*. They are on no page of the daemon's: what is behind the
 * last line of a destination's figures is how they came there. PURE.
 */
#ifndef VIGIE_PUSH_OWN_METRICS_H
#define VIGIE_PUSH_OWN_METRICS_H

#include "base/buf.h"
#include "push/destination.h"

struct own_metrics {
	const char *name; /* of the destination */
	const struct destination *destination;
	__u64 skipped; /* points that its encoder could not say */
};

/* OpenMetrics, without the last line; appended. */
void own_metrics_encode(struct buf *out, const struct own_metrics *all, unsigned int n,
			__u64 page_failures, __u64 log_failures);

#endif
