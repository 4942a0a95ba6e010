/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * screen.h - a frame and the state as a grid. PURE.
 *
 * Owns: what stands where, in every size. Not here: the terminal (terminal.h), the words of the
 * sentence (sentence.h), what is in a cell (data/columns.h).
 */
#ifndef VIGIE_TUI_SCREEN_H
#define VIGIE_TUI_SCREEN_H

#include "tui/grid.h"
#include "tui/tui.h"

enum { SCREEN_WIDTH_MIN = 40, SCREEN_HEIGHT_MIN = 8 };

/* Draws all of it; the state learns how many rows there are. 0 or -ENOMEM. */
int screen_draw(struct grid *grid, struct tui *tui, const struct tui_frame *frame);

#endif
