/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * allowance.h - how often something may happen: so many times at once, and as many in a span.
 *
 * Owns: the arithmetic. What is left is kept as time, so that no interval is rounded away.
 */
#ifndef VIGIE_MODEL_ALLOWANCE_H
#define VIGIE_MODEL_ALLOWANCE_H

#include <linux/types.h>
#include <stdbool.h>

struct allowance {
	__s64 left_ns;
	__u64 time_ns; /* 0: nothing was taken yet */
};

static inline void allowance_refill(struct allowance *a, __u64 span_ns, __u64 now_ns)
{
	a->left_ns += now_ns - a->time_ns;
	if (!a->time_ns || a->left_ns > (__s64)span_ns)
		a->left_ns = span_ns;
	a->time_ns = now_ns;
}

/* One of so many times a span; who may overdraw has as much again. */
static inline bool allowance_take(struct allowance *a, __u64 span_ns, __u32 times, bool overdraw)
{
	__s64 price = span_ns / (times ? times : 1);

	if (a->left_ns - price < (overdraw ? -(__s64)span_ns : 0))
		return false;
	a->left_ns -= price;
	return true;
}

#endif
