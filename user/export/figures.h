/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * figures.h - the columns of figures that tables of groups have: CSV of a view, of a history.
 *
 * Owns: their names with units, their order, and which sample of a group each one shows. Not here:
 * how a number is spelled, what stands before the figures.
 */
#ifndef VIGIE_EXPORT_FIGURES_H
#define VIGIE_EXPORT_FIGURES_H

#include "export/row.h"

/* Where the cell has no sample, it is all that is resident. */
struct figure {
	const char *name;
	struct row_cell cell;
};
enum { FIGURES = 32 };
extern const struct figure figures[FIGURES];

/* A figure, exact. */
struct figure_value {
	__u64 value; /* nanoseconds if seconds, else a count or bytes */
	bool seconds;
};

/* 0 or -ENOENT: a column's sample does not exist. */
int figures_layout(struct row_layout *ret);
/* Of the group that row was filled with. False: nobody looked for it, and the cell is empty. */
bool figure_value(const struct view *view, const struct row *row, const struct group_view *group,
		  unsigned int i, struct figure_value *ret);

#endif
