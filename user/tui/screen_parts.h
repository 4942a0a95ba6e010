/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * screen_parts.h - what the files that draw the screen share.
 *
 * Owns: one drawing under way. Nobody else includes this.
 */
#ifndef VIGIE_TUI_SCREEN_PARTS_H
#define VIGIE_TUI_SCREEN_PARTS_H

#include "tui/screen.h"

struct drawing {
	struct grid *grid;
	struct tui *tui;
	const struct tui_frame *frame;
	struct list list; /* of the rows that fit */
	struct buf line; /* for a line under construction */
};

/* The text in d->line as a line of the grid; empties it. */
void draw_line(struct drawing *d, unsigned int y, enum ink ink);
/* A value of a part of the whole as a block, or as a letter; " " is nothing at all. */
const char *draw_block(const struct grid *grid, __u64 part, __u64 whole);
void draw_bar(struct drawing *d, unsigned int y);
void draw_detail(struct drawing *d, unsigned int y, unsigned int end);
void draw_help(struct drawing *d, unsigned int y, unsigned int end);

#endif
