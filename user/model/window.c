// SPDX-License-Identifier: GPL-2.0-only
/*
 * window.c - sub-windows addressed by time, so that how often a value is added changes nothing.
 *
 * Owns: the slots of one window. Not here: what is measured (series_page.c).
 */
#include "model/window.h"

void window_reset(struct window *window)
{
	*window = (struct window){ 0 };
}

void window_add(struct window *window, __u64 part_ns, __u64 now_ns, __u64 value)
{
	__u64 turn = now_ns / part_ns;
	unsigned int slot = (unsigned int)(turn % WINDOW_SLOTS);

	if (window->turn[slot] != turn || window->highest[slot] < value)
		window->highest[slot] = value;
	window->turn[slot] = turn;
}

__u64 window_highest(const struct window *window, __u64 part_ns, __u64 now_ns)
{
	__u64 turn = now_ns / part_ns, highest = 0;
	unsigned int i;

	for (i = 0; i < WINDOW_SLOTS; i++)
		if (window->turn[i] + WINDOW_SLOTS > turn && window->highest[i] > highest)
			highest = window->highest[i];
	return highest;
}
