// SPDX-License-Identifier: GPL-2.0-only
/* keys.c - owns the table of keys. None of them changes anything on the host. */
#include "tui/keys.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "data/text_cells.h"

const struct tui_binding tui_bindings[] = {
	{ ACT_UP, { TUI_KEY_UP, 'k' }, "the row above" },
	{ ACT_DOWN, { TUI_KEY_DOWN, 'j' }, "the row below" },
	{ ACT_PAGE_UP, { TUI_KEY_PAGE_UP }, "a page up" },
	{ ACT_PAGE_DOWN, { TUI_KEY_PAGE_DOWN }, "a page down" },
	{ ACT_HOME, { TUI_KEY_HOME, 'g' }, "the first row" },
	{ ACT_END, { TUI_KEY_END, 'G' }, "the last row" },
	{ ACT_SCROLL_UP, { TUI_KEY_WHEEL_UP }, "scroll up" },
	{ ACT_SCROLL_DOWN, { TUI_KEY_WHEEL_DOWN }, "scroll down" },
	{ ACT_CLICK, { TUI_KEY_CLICK }, "choose the row; on a title: sort by that column" },
	{ ACT_ENTER, { TUI_KEY_ENTER }, "the row in detail: its times, who delayed it" },
	{ ACT_GROUP_NEXT, { TUI_KEY_TAB }, "rows by process, name, unit, container, user" },
	{ ACT_GROUP_BEFORE, { TUI_KEY_BACK_TAB }, "the same, backwards" },
	{ ACT_SORT_CPU, { 'P' }, "most CPU time first" },
	{ ACT_SORT_WAIT, { 'W' }, "longest wait for a CPU first" },
	{ ACT_SORT_MEMORY, { 'M' }, "most resident memory first" },
	{ ACT_SORT_DISK, { 'D' }, "longest blocked on storage, memory or locks first" },
	{ ACT_SORT_LEFT, { '<', TUI_KEY_LEFT }, "sort by the column to the left" },
	{ ACT_SORT_RIGHT, { '>', TUI_KEY_RIGHT }, "sort by the column to the right" },
	{ ACT_FILTER, { '/' }, "only rows with this text in a name; Esc clears it" },
	{ ACT_FREEZE, { TUI_KEY_SPACE, 'Z' }, "freeze, and go on" },
	{ ACT_SAMPLE_NEXT, { 't' }, "the next sample" },
	{ ACT_SAMPLE_BEFORE, { 'T' }, "the sample before" },
	{ ACT_MINUTE_BACK, { '[' }, "a minute back" },
	{ ACT_MINUTE_ON, { ']' }, "a minute on" },
	{ ACT_HOUR_BACK, { '{' }, "an hour back" },
	{ ACT_HOUR_ON, { '}' }, "an hour on" },
	{ ACT_MOMENT, { 'b' }, "to a moment: 14:03, 10 min ago, 2026-11-25 14:03" },
	{ ACT_FINDING_NEXT, { 'n' }, "to the next finding" },
	{ ACT_FINDING_BEFORE, { 'N' }, "to the finding before" },
	{ ACT_LIVE, { 'L' }, "back to now" },
	{ ACT_REDRAW, { 'L' - '@' }, "draw all anew" },
	{ ACT_HELP, { '?', TUI_KEY_F1 }, "this list" },
	{ ACT_BACK, { TUI_KEY_ESCAPE }, "back to the list" },
	{ ACT_QUIT, { 'q', 'C' - '@' }, "quit" },
	{ ACT_NONE, { 0 }, NULL },
};

enum tui_action tui_action_of(int key)
{
	const struct tui_binding *b;
	int i;

	if (key > TUI_KEY_CLICK)
		key = TUI_KEY_CLICK;
	for (b = tui_bindings; b->action != ACT_NONE; b++)
		for (i = 0; i < TUI_KEYS_EACH; i++)
			if (b->keys[i] && b->keys[i] == key)
				return b->action;
	return ACT_NONE;
}

static const struct {
	int key;
	const char *name;
} names[] = {
	{ TUI_KEY_TAB, "Tab" },
	{ TUI_KEY_ENTER, "Enter" },
	{ TUI_KEY_ESCAPE, "Esc" },
	{ TUI_KEY_SPACE, "Space" },
	{ TUI_KEY_UP, "Up" },
	{ TUI_KEY_DOWN, "Down" },
	{ TUI_KEY_LEFT, "Left" },
	{ TUI_KEY_RIGHT, "Right" },
	{ TUI_KEY_PAGE_UP, "PgUp" },
	{ TUI_KEY_PAGE_DOWN, "PgDn" },
	{ TUI_KEY_HOME, "Home" },
	{ TUI_KEY_END, "End" },
	{ TUI_KEY_BACK_TAB, "Shift-Tab" },
	{ TUI_KEY_BACKSPACE, "Backspace" },
	{ TUI_KEY_F1, "F1" },
	{ TUI_KEY_WHEEL_UP, "Wheel-Up" },
	{ TUI_KEY_WHEEL_DOWN, "Wheel-Down" },
	{ TUI_KEY_CLICK, "Click" },
};
enum { NAMES = sizeof(names) / sizeof(names[0]) };

void tui_key_name(int key, char dst[16])
{
	int i;

	for (i = 0; i < NAMES; i++)
		if (names[i].key == key) {
			snprintf(dst, 16, "%s", names[i].name);
			return;
		}
	if (key < ' ')
		snprintf(dst, 16, "Ctrl-%c", key + '@');
	else
		snprintf(dst, 16, "%c", key);
}

int tui_key_click(unsigned int x, unsigned int y)
{
	return TUI_KEY_CLICK + y * TUI_CLICK_COLUMNS + x;
}

bool tui_key_clicked(int key, unsigned int *ret_x, unsigned int *ret_y)
{
	unsigned int place = key - TUI_KEY_CLICK;

	if (key < TUI_KEY_CLICK)
		return false;
	*ret_x = place % TUI_CLICK_COLUMNS;
	*ret_y = place / TUI_CLICK_COLUMNS;
	return true;
}

/* "10,5" */
static int click_by_name(char *place)
{
	char *comma = strchr(place, ',');
	uint64_t x, y;

	if (!comma)
		return -1;
	*comma = '\0';
	if (parse_u64(place, 0, TUI_CLICK_COLUMNS - 1, &x) ||
	    parse_u64(comma + 1, 0, TUI_CLICK_LINES - 1, &y))
		return -1;
	return tui_key_click(x, y);
}

int tui_key_by_name(const char *name, size_t len)
{
	struct text_character c;
	char copy[16];
	const char *at = copy;
	int i;

	if (!len || len >= sizeof(copy))
		return -1;
	memcpy(copy, name, len);
	copy[len] = '\0';
	for (i = 0; i < NAMES; i++)
		if (!strcmp(names[i].name, copy))
			return names[i].key;
	if (!strncmp(copy, "Click-", 6))
		return click_by_name(copy + 6);
	if (len == 6 && !strncmp(copy, "Ctrl-", 5) && copy[5] >= '@' && copy[5] <= '_')
		return copy[5] - '@';
	return text_next(&at, &c) && !*at ? (int)c.point : -1;
}
