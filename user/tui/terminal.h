/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * terminal.h - the one place that knows a terminal.
 *
 * Owns: ncurses: opening, keys, drawing a grid, the size; and that the terminal is as it was however
 * we end: terminal_close(), a crash, a signal that kills. Not here: what is drawn.
 */
#ifndef VIGIE_TUI_TERMINAL_H
#define VIGIE_TUI_TERMINAL_H

#include <stdbool.h>

#include "tui/grid.h"

struct terminal;

struct terminal_options {
	bool ascii; /* asked for; a terminal without UTF-8 has it anyway */
	bool colour; /* as far as the terminal can */
	bool mouse; /* the same; then it selects no text for who holds no Shift */
};

/*
 * Takes standard input and output over. 0; -ENOTTY, -EOPNOTSUPP (a terminal without a cursor to move)
 * or -ENOMEM, with *ret_why what a person can do about it. One at a time.
 */
int terminal_open(const struct terminal_options *options, struct terminal **ret,
		  const char **ret_why);
void terminal_close(struct terminal *terminal); /* accepts NULL */

int terminal_fd(const struct terminal *terminal); /* readable: there may be keys */
/* The next key (keys.h); -1: none is there now. -2: the terminal is gone. */
int terminal_key(struct terminal *terminal);
/* Sizes the grid as the terminal is, and says whether it may hold more than ASCII. 0 or -errno. */
int terminal_fit(struct terminal *terminal, struct grid *grid);
void terminal_draw(struct terminal *terminal, const struct grid *grid);
/* The next terminal_draw() draws every cell. */
void terminal_forget(struct terminal *terminal);

#endif
