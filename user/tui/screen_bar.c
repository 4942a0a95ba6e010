// SPDX-License-Identifier: GPL-2.0-only
/* screen_bar.c - owns the line of a day: load as blocks, findings as marks, where one is. */
#include "tui/screen_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/units.h"

enum { LEVELS = 8 };

/* A column has many bins, or a bin many columns: the highest of it, so that a spike stays. */
static unsigned int bin_range(unsigned int x, unsigned int width, unsigned int *ret_end)
{
	unsigned int from = x * TUI_BAR_BINS / width, end = (x + 1) * TUI_BAR_BINS / width;

	*ret_end = end > from ? end : from + 1;
	return from;
}

const char *draw_block(const struct grid *grid, __u64 part, __u64 whole)
{
	static const char *const blocks[LEVELS] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const letters[LEVELS] = { "_", ".", ":", "-", "=", "+", "*", "#" };
	unsigned int level = whole ? (double)part / whole * LEVELS : 0;

	if (!part)
		return " ";
	level = level < LEVELS ? level : LEVELS - 1;
	return grid->ascii ? letters[level] : blocks[level];
}

static void bar_cell(struct drawing *d, unsigned int x, unsigned int y, unsigned int width,
		     unsigned int left)
{
	const struct tui_bar *bar = d->frame->bar;
	unsigned int i, end, load = 0, mark = 0, known = 0;

	for (i = bin_range(x, width, &end); i < end; i++) {
		mark = bar->marks[i] > mark ? bar->marks[i] : mark;
		if (bar->load[i] == TUI_BAR_UNKNOWN)
			continue;
		known = 1;
		load = bar->load[i] > load ? bar->load[i] : load;
	}
	if (mark)
		grid_put(d->grid, left + x, y, 1, mark >= SEVERITY_WARNING ? INK_ALARM : INK_WARM,
			 "!", false);
	else if (known) /* an idle host is not an unknown one */
		grid_put(d->grid, left + x, y, 1, INK_GOOD,
			 draw_block(d->grid, load ? load : 1, 1000), false);
}

void draw_bar(struct drawing *d, unsigned int y)
{
	static const char before[] = "24h ", after[] = " now";
	unsigned int left = sizeof(before) - 1, x, here;
	unsigned int width = d->grid->width - left - (sizeof(after) - 1);
	const struct tui_bar *bar = d->frame->bar;
	__u64 at = d->frame->view->wall_ns;

	grid_put(d->grid, 0, y, left, INK_FAINT, before, false);
	grid_put(d->grid, left + width, y, sizeof(after) - 1, INK_FAINT, after, false);
	for (x = 0; x < width; x++)
		bar_cell(d, x, y, width, left);
	if (at < bar->from_ns || at > bar->to_ns)
		return;
	here = (double)(at - bar->from_ns) / (bar->to_ns - bar->from_ns) * width;
	grid_cell(d->grid, left + (here < width ? here : width - 1), y)->chosen = 1;
}
