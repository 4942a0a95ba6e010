/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * columns.h - what a list of groups shows of each: titles, widths, texts, and what is hot.
 *
 * Owns: which columns there are, and which give way where there is little room: `vigie once` prints
 * what `vigie top` draws. Not here: which rows (view_list.h), how they are drawn.
 */
#ifndef VIGIE_DATA_COLUMNS_H
#define VIGIE_DATA_COLUMNS_H

#include "data/view_list.h"

/* Shares of the interval first, then counts, sizes, and the rest. */
enum column_id {
	COLUMN_CPU,
	COLUMN_WAIT,
	COLUMN_DISK,
	COLUMN_STALL,
	COLUMN_LOCK,
	COLUMN_SWITCHES,
	COLUMN_FAULTS,
	COLUMN_RSS,
	COLUMN_PEAK,
	COLUMN_READ,
	COLUMN_WRITE,
	COLUMN_STARTS,
	COLUMN_EXITS,
	COLUMN_TIME,
	COLUMNS,
};

struct column {
	const char *title; /* with its unit */
	unsigned char width;
	unsigned char keep; /* the higher, the longer it stays as room gets less */
	enum sort_key sort; /* of a list that is ordered by it; SORT_KEYS: none */
};
extern const struct column columns[COLUMNS];

enum { COLUMN_TEXT = 32 };
/* "-" where nobody knows. dst has COLUMN_TEXT bytes. */
void column_text(const struct view *view, const struct group_view *group, enum column_id id,
		 char *dst);

enum column_heat { COLUMN_COOL, COLUMN_WARM, COLUMN_HOT }; /* a tenth, half of a core */
enum column_heat column_heat(const struct view *view, const struct group_view *group,
			     enum column_id id);

/* "UNIT", "COMMAND", … */
const char *column_key_title(enum group_key key);
/* The i-th label; the list's other is named once, where a command would stand. */
const char *column_label(const struct view *view, const struct list *list,
			 const struct group_view *group, unsigned int i);

struct columns_fit {
	bool shown[COLUMNS];
	size_t name_width[GROUP_KEYS];
};
/*
 * What has room in width display columns (0: all). Columns of figures are dropped before names get
 * narrower than a dozen; what is left over is the names' that were cut.
 */
void columns_fit(struct columns_fit *fit, const struct view *view, const struct list *list,
		 bool show_other, size_t width);

#endif
