// SPDX-License-Identifier: GPL-2.0-only
/* grid.c - owns the cells: what may be in one, and the inks. */
#include "tui/grid.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const struct cell blank = { .text = " ", .ink = INK_PLAIN };

int grid_resize(struct grid *grid, unsigned int width, unsigned int height)
{
	struct cell *cells;

	if (!width || !height || width > GRID_WIDTH_MAX || height > GRID_HEIGHT_MAX)
		return -EINVAL;
	cells = reallocarray(grid->cells, (size_t)width * height, sizeof(*cells));
	if (!cells)
		return -ENOMEM;
	grid->cells = cells;
	grid->width = width;
	grid->height = height;
	grid_clear(grid);
	return 0;
}

void grid_clear(struct grid *grid)
{
	size_t i;

	for (i = 0; i < (size_t)grid->width * grid->height; i++)
		grid->cells[i] = blank;
}

void grid_done(struct grid *grid)
{
	free(grid->cells);
	*grid = (struct grid){ 0 };
}

struct cell *grid_cell(const struct grid *grid, unsigned int x, unsigned int y)
{
	return x < grid->width && y < grid->height ? &grid->cells[(size_t)y * grid->width + x]
						   : NULL;
}

/* --- Text into cells. */

static void set_cell(struct grid *grid, unsigned int x, unsigned int y, enum ink ink,
		     const char *text, size_t len)
{
	struct cell *cell = grid_cell(grid, x, y);

	if (!cell)
		return;
	memset(cell, 0, sizeof(*cell));
	memcpy(cell->text, text, len < CELL_BYTES ? len : CELL_BYTES - 1);
	cell->ink = ink;
}

/* A mark goes to the character that it is on, while there is room for it. */
static void add_mark(struct grid *grid, unsigned int x, unsigned int y, const char *text,
		     size_t len)
{
	struct cell *cell = grid_cell(grid, x, y);
	size_t used;

	if (!cell || grid->ascii)
		return;
	used = strlen(cell->text);
	if (used && used + len < CELL_BYTES)
		memcpy(cell->text + used, text, len);
}

/* UTF-8 as it has to be; text_next() takes any bytes for something. */
static bool is_whole(const struct text_character *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char lead = c->text[0];

	if (c->len == 1)
		return lead < 0x80;
	return lead <= 0xf4 && c->point >= least[c->len] && c->point <= 0x10ffff &&
	       (c->point < 0xd800 || c->point > 0xdfff);
}

/* What turns the rest of a line around, or begins another. */
static bool is_separator_or_bidi(uint32_t c)
{
	return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

/*
 * Such characters were taken out of names before a view had them; a path, and what somebody types, has
 * them as they are, and here nobody can forget to.
 */
static bool is_harmful(const struct text_character *c)
{
	return c->point < 0x20 || (c->point >= 0x7f && c->point <= 0x9f) ||
	       is_separator_or_bidi(c->point) || !is_whole(c);
}

unsigned int grid_columns(const struct text_character *c)
{
	return c->columns || !is_harmful(c) ? c->columns : 1;
}

/* One character; returns how many cells it took, 0 for a mark. */
static unsigned int put_character(struct grid *grid, unsigned int x, unsigned int y, enum ink ink,
				  const struct text_character *c)
{
	unsigned int i, columns = grid_columns(c);

	if (is_harmful(c) || (grid->ascii && columns && c->point > 0x7e)) {
		for (i = 0; i < columns; i++)
			set_cell(grid, x + i, y, ink, "?", 1);
		return columns;
	}
	if (!columns) {
		if (x)
			add_mark(grid, x - 1, y, c->text, c->len);
		return 0;
	}
	set_cell(grid, x, y, ink, c->text, c->len);
	if (columns == 2)
		set_cell(grid, x + 1, y, ink, "", 0);
	return columns;
}

static void put_blanks(struct grid *grid, unsigned int x, unsigned int y, unsigned int n,
		       enum ink ink)
{
	while (n--)
		set_cell(grid, x++, y, ink, " ", 1);
}

static size_t text_width(const char *text)
{
	struct text_character c;
	size_t columns = 0;

	while (text_next(&text, &c))
		columns += grid_columns(&c);
	return columns;
}

unsigned int grid_put(struct grid *grid, unsigned int x, unsigned int y, unsigned int width,
		      enum ink ink, const char *text, bool right)
{
	size_t natural = text_width(text);
	unsigned int room, used = 0, pad;
	struct text_character c;

	if (x >= grid->width || y >= grid->height)
		return 0;
	if (width > grid->width - x)
		width = grid->width - x;
	room = natural > width ? width - 1 : width;
	pad = right && natural < width ? width - natural : 0;
	put_blanks(grid, x, y, pad, ink);
	x += pad;
	while (text_next(&text, &c)) {
		if (used + grid_columns(&c) > room)
			break;
		used += put_character(grid, x + used, y, ink, &c);
	}
	if (natural > width && width)
		set_cell(grid, x + used++, y, ink, "~", 1);
	put_blanks(grid, x + used, y, width - pad - used, ink);
	return used;
}

void grid_choose(struct grid *grid, unsigned int y)
{
	unsigned int x;

	for (x = 0; x < grid->width && y < grid->height; x++)
		grid_cell(grid, x, y)->chosen = 1;
}

/* --- Inks. */

struct style ink_style(enum ink ink, enum grid_depth depth)
{
	/* Front, back with 16 and with 256 colours. Warm and hot are told apart by weight, too. */
	static const struct {
		short few[2], many[2];
		bool bold, faint, inverse;
	} inks[INKS] = {
		[INK_PLAIN] = { { -1, -1 }, { -1, -1 }, false, false, false },
		[INK_FAINT] = { { 4, -1 }, { 245, -1 }, false, true, false },
		[INK_STRONG] = { { -1, -1 }, { -1, -1 }, true, false, false },
		[INK_BAR] = { { 0, 6 }, { 16, 109 }, false, false, true },
		[INK_WARM] = { { 3, -1 }, { 179, -1 }, false, false, false },
		[INK_HOT] = { { 1, -1 }, { 203, -1 }, true, false, false },
		[INK_GOOD] = { { 2, -1 }, { 107, -1 }, false, false, false },
		[INK_ALARM] = { { 7, 1 }, { 231, 124 }, true, false, true },
	};
	struct style style = { -1, -1, inks[ink].bold, false, false };

	if (depth == GRID_MONO || depth == GRID_TEXT) {
		style.faint = inks[ink].faint;
		style.inverse = inks[ink].inverse;
		return style;
	}
	style.front = depth == GRID_16 ? inks[ink].few[0] : inks[ink].many[0];
	style.back = depth == GRID_16 ? inks[ink].few[1] : inks[ink].many[1];
	return style;
}

/* --- As bytes. */

static void encode_style(struct buf *out, const struct cell *cell, enum grid_depth depth)
{
	struct style style = ink_style(cell->ink, depth);

	buf_str(out, "\033[0");
	if (style.bold)
		buf_str(out, ";1");
	if (style.faint)
		buf_str(out, ";2");
	if (style.inverse != cell->chosen)
		buf_str(out, ";7");
	if (style.front >= 0 && depth == GRID_16)
		buf_printf(out, ";3%d", style.front);
	else if (style.front >= 0)
		buf_printf(out, ";38;5;%d", style.front);
	if (style.back >= 0 && depth == GRID_16)
		buf_printf(out, ";4%d", style.back);
	else if (style.back >= 0)
		buf_printf(out, ";48;5;%d", style.back);
	buf_char(out, 'm');
}

static bool same_look(const struct cell *a, const struct cell *b)
{
	return a->ink == b->ink && a->chosen == b->chosen;
}

static void encode_line(struct buf *out, const struct grid *grid, unsigned int y,
			enum grid_depth depth)
{
	const struct cell *line = grid_cell(grid, 0, y), *look = &blank;
	unsigned int x, end = grid->width;

	while (end && !strcmp(line[end - 1].text, " ") &&
	       (depth == GRID_TEXT || same_look(&line[end - 1], &blank)))
		end--;
	for (x = 0; x < end; x++) {
		if (depth != GRID_TEXT && !same_look(&line[x], look))
			encode_style(out, &line[x], depth);
		look = &line[x];
		buf_str(out, line[x].text);
	}
	if (depth != GRID_TEXT && !same_look(look, &blank))
		buf_str(out, "\033[0m");
	buf_char(out, '\n');
}

void grid_encode(struct buf *out, const struct grid *grid, enum grid_depth depth)
{
	unsigned int y;

	for (y = 0; y < grid->height; y++)
		encode_line(out, grid, y, depth);
}
