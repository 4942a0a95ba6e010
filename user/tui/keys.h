/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * keys.h - which key does what: one table, of which the help is made.
 *
 * Owns: keys, actions, and their words. Not here: what an action does (tui.c, and who runs it), how a
 * terminal reports a key (terminal.c).
 */
#ifndef VIGIE_TUI_KEYS_H
#define VIGIE_TUI_KEYS_H

#include <stdbool.h>
#include <stddef.h>

/* A key is a character of Unicode (control characters included), or one of these. */
enum tui_key {
	TUI_KEY_TAB = 9,
	TUI_KEY_ENTER = 13,
	TUI_KEY_ESCAPE = 27,
	TUI_KEY_SPACE = 32,
	TUI_KEY_UP = 0x110000, /* beyond Unicode */
	TUI_KEY_DOWN,
	TUI_KEY_LEFT,
	TUI_KEY_RIGHT,
	TUI_KEY_PAGE_UP,
	TUI_KEY_PAGE_DOWN,
	TUI_KEY_HOME,
	TUI_KEY_END,
	TUI_KEY_BACK_TAB,
	TUI_KEY_BACKSPACE,
	TUI_KEY_F1,
	TUI_KEY_RESIZE, /* the terminal has another size */
	TUI_KEY_WHEEL_UP,
	TUI_KEY_WHEEL_DOWN,
	TUI_KEY_CLICK = 0x200000, /* and where: tui_key_click() */
};
enum { TUI_CLICK_COLUMNS = 1 << 10, TUI_CLICK_LINES = 1 << 10 };

enum tui_action {
	ACT_NONE,
	ACT_UP,
	ACT_DOWN,
	ACT_PAGE_UP,
	ACT_PAGE_DOWN,
	ACT_HOME,
	ACT_END,
	ACT_SCROLL_UP,
	ACT_SCROLL_DOWN,
	ACT_CLICK,
	ACT_ENTER,
	ACT_GROUP_NEXT,
	ACT_GROUP_BEFORE,
	ACT_SORT_CPU,
	ACT_SORT_WAIT,
	ACT_SORT_MEMORY,
	ACT_SORT_DISK,
	ACT_SORT_LEFT,
	ACT_SORT_RIGHT,
	ACT_FILTER,
	ACT_FREEZE,
	ACT_SAMPLE_NEXT,
	ACT_SAMPLE_BEFORE,
	ACT_MINUTE_BACK,
	ACT_MINUTE_ON,
	ACT_HOUR_BACK,
	ACT_HOUR_ON,
	ACT_MOMENT,
	ACT_FINDING_NEXT,
	ACT_FINDING_BEFORE,
	ACT_LIVE,
	ACT_REDRAW,
	ACT_HELP,
	ACT_BACK,
	ACT_QUIT,
};

enum { TUI_KEYS_EACH = 2 };

struct tui_binding {
	enum tui_action action;
	int keys[TUI_KEYS_EACH]; /* 0: none */
	const char *help;
};
/* In the order of the help; ends with ACT_NONE. */
extern const struct tui_binding tui_bindings[];

enum tui_action tui_action_of(int key);
/* A click there; both below TUI_CLICK_*. As a binding's key it is one anywhere, by name "Click". */
int tui_key_click(unsigned int x, unsigned int y);
/* False: it is no click. */
bool tui_key_clicked(int key, unsigned int *ret_x, unsigned int *ret_y);
/* "t", "Space", "PgUp"; dst has 16 bytes. */
void tui_key_name(int key, char dst[16]);
/* The key with that name; a single character is its own, "Click-10,5" a click there. -1: there is none. */
int tui_key_by_name(const char *name, size_t len);

#endif
