/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * row.h - the samples of one group in the view's interval, for formats that list groups.
 *
 * Owns: finding them by family and cell. Not here: what they are (samples.h), and which of them a
 * format shows, in which order and under which names.
 */
#ifndef VIGIE_EXPORT_ROW_H
#define VIGIE_EXPORT_ROW_H

#include "export/samples.h"

enum { ROW_CELLS_MAX = 48 };

/* Names a sample. family: its name after "vigie_process_"; cell: its own label, NULL: it has none. */
struct row_cell {
	const char *family, *cell; /* of a histogram the sum; family NULL: none */
};

/* Where the samples of a table of cells are found: row_layout_add() for each, once an encoding. */
struct row_layout {
	struct {
		const struct family *family; /* NULL: there is none */
		unsigned int cell;
	} at[ROW_CELLS_MAX];
	unsigned int n;
};

struct row {
	const struct row_layout *layout;
	__u64 values[ROW_CELLS_MAX]; /* by the table's order, of kind row_kind() */
	const __u64 *wait_counts; /* of the run-queue wait, by bucket, each for itself */
};

/* The next cell of the table; at most ROW_CELLS_MAX. -ENOENT: there is no such sample. */
int row_layout_add(struct row_layout *layout, const struct row_cell *cell);
/* Nobody looked for it in the view's interval: there is no value, and 0 is none. */
bool row_is_shed(const struct row_layout *layout, unsigned int i, const struct view *view);
enum family_value row_kind(const struct row_layout *layout, unsigned int i);
/* Borrows the layout and the group. */
void row_fill(struct row *row, const struct row_layout *layout, const struct group_view *group);

#endif
