/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * window.h - the highest value of a sliding time window, in constant memory.
 *
 * Owns: sub-windows. Six of them span the window and one more is under way, so a value
 * counts for at least the whole window and at most a sixth longer.
 */
#ifndef VIGIE_MODEL_WINDOW_H
#define VIGIE_MODEL_WINDOW_H

#include <linux/types.h>

enum { WINDOW_PARTS = 6, WINDOW_SLOTS = WINDOW_PARTS + 1 };

struct window {
	__u64 turn[WINDOW_SLOTS]; /* which turn of the slot the value belongs to */
	__u64 highest[WINDOW_SLOTS];
};

void window_reset(struct window *window);
void window_add(struct window *window, __u64 part_ns, __u64 now_ns, __u64 value);
__u64 window_highest(const struct window *window, __u64 part_ns, __u64 now_ns);

#endif
