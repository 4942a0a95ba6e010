/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * text_cells.h - texts and numbers in cells of a stated width.
 *
 * Owns: display width, cutting, short forms. Texts must be valid UTF-8 without control
 * characters. Not here: what a column shows (columns.h).
 */
#ifndef VIGIE_DATA_TEXT_CELLS_H
#define VIGIE_DATA_TEXT_CELLS_H

#include <stdbool.h>

#include "base/buf.h"

size_t text_columns(const char *s);

struct text_character {
	const char *text;
	size_t len; /* bytes */
	uint32_t point;
	unsigned int columns; /* 0: a mark on the character before; 1 or 2 */
};
/* The character at *s, which moves behind it. False: the text has ended. */
bool text_next(const char **s, struct text_character *ret);
/* Exactly that many columns (at least 1): padded, or cut and ended in "~". */
void text_cell(struct buf *out, const char *s, size_t columns, bool right);
/* A line of at most that many columns, 0: as long as it is. */
void text_line(struct buf *out, const char *s, size_t columns);

void text_bytes(char *dst, size_t size, uint64_t bytes); /* 512, 1.5K, 23M */
void text_count(char *dst, size_t size, uint64_t count); /* 99999, 123k, 1.2M */
void text_tenths(char *dst, size_t size, uint64_t tenths); /* 123 is 12.3 */
void text_cpu_time(char *dst, size_t size, uint64_t ns); /* 61.5 s is 1:01.50 */

#endif
