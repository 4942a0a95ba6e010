/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * grid.h - a screen as cells with inks, before any terminal has seen it.
 *
 * Owns: putting texts into cells, cut and clipped, and that nothing but printable characters gets
 * there; what an ink looks like. Not here: what is put where (screen.h), the terminal (terminal.h).
 */
#ifndef VIGIE_TUI_GRID_H
#define VIGIE_TUI_GRID_H

#include <stdbool.h>

#include "base/buf.h"
#include "data/text_cells.h"

enum ink {
	INK_PLAIN,
	INK_FAINT,
	INK_STRONG,
	INK_BAR, /* the status line and titles */
	INK_WARM,
	INK_HOT,
	INK_GOOD,
	INK_ALARM, /* a finding */
	INKS,
};

enum { CELL_BYTES = 15, GRID_WIDTH_MAX = 1000, GRID_HEIGHT_MAX = 500 };

struct cell {
	char text[CELL_BYTES]; /* a character with its marks, NUL-terminated; "": the right half of a wide one */
	unsigned char ink : 7, chosen : 1; /* chosen: shown inverted */
};

struct grid {
	struct cell *cells;
	unsigned int width, height;
	bool ascii; /* other characters become "?" */
};

/* Empties it, too. 0, -EINVAL: no such size; or -ENOMEM. */
int grid_resize(struct grid *grid, unsigned int width, unsigned int height);
void grid_clear(struct grid *grid);
void grid_done(struct grid *grid);
struct cell *grid_cell(const struct grid *grid, unsigned int x, unsigned int y);
/* How many cells a character takes: what may not be shown is a "?" in one, if it is in none otherwise. */
unsigned int grid_columns(const struct text_character *c);

/*
 * Writes text into width cells from (x, y) on; what has no room ends in "~". right: flush right. The
 * rest of the cells becomes blank. Returns how many cells the text took. What is outside of the grid
 * is not written.
 */
unsigned int grid_put(struct grid *grid, unsigned int x, unsigned int y, unsigned int width,
		      enum ink ink, const char *text, bool right);
void grid_choose(struct grid *grid, unsigned int y); /* the whole line */

enum grid_depth { GRID_TEXT, GRID_MONO, GRID_16, GRID_256, GRID_DEPTHS };

/* What an ink is where there are so many colours. Colours: -1 is the terminal's own. */
struct style {
	short front, back;
	bool bold, faint, inverse;
};
struct style ink_style(enum ink ink, enum grid_depth depth);

/* Line by line, without blanks at their ends; beyond GRID_TEXT with the sequences of ECMA-48. */
void grid_encode(struct buf *out, const struct grid *grid, enum grid_depth depth);

#endif
