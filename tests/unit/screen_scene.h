/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * screen_scene.h - for the tests of tui/: a view of rows that differ in nothing but their numbers, and
 * what stands in a line of a screen.
 *
 * Owns: both. Included by tests only.
 */
#ifndef TESTS_UNIT_SCREEN_SCENE_H
#define TESTS_UNIT_SCREEN_SCENE_H

#include <stdio.h>
#include <string.h>

#include "data/view.h"
#include "tui/grid.h"

/* Without the blanks at its end. */
static inline void line_of(const struct grid *grid, unsigned int y, char *dst, size_t size)
{
	unsigned int x;

	dst[0] = '\0';
	for (x = 0; x < grid->width; x++)
		strncat(dst, grid_cell(grid, x, y)->text, size - strlen(dst) - 1);
	for (x = strlen(dst); x && dst[x - 1] == ' ';)
		dst[--x] = '\0';
}

/* groups and labels stay the caller's, n of each: "0" used 0 ns, "1" one ns, … in a second. */
static inline struct view view_of_rows(struct group_view *groups, char (*labels)[8], size_t n)
{
	struct view view = { .interval_ns = 1000000000ull, .nkeys = 1, .keys = { KEY_COMM } };
	size_t i;

	memset(groups, 0, n * sizeof(*groups));
	for (i = 0; i < n; i++) {
		snprintf(labels[i], sizeof(labels[i]), "%zu", i);
		groups[i].label[0] = labels[i];
		groups[i].live = true;
		groups[i].inc.user_ns = i;
	}
	view.groups = groups;
	view.ngroups = n;
	return view;
}

#endif
