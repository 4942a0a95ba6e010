// SPDX-License-Identifier: GPL-2.0-only
/* screen_help.c - owns the list of keys, made of the table that reads them. */
#include "tui/screen_parts.h"

#include <stdio.h>
#include <string.h>

enum { KEYS_WIDTH = 12, COLUMN_WIDTH = 64 };

static void help_entry(struct grid *grid, unsigned int x, unsigned int y,
		       const struct tui_binding *b)
{
	char keys[40] = "", name[16];
	int i;

	for (i = 0; i < TUI_KEYS_EACH && b->keys[i]; i++) {
		tui_key_name(b->keys[i], name);
		snprintf(keys + strlen(keys), sizeof(keys) - strlen(keys), "%s%s", i ? " " : "",
			 name);
	}
	grid_put(grid, x, y, KEYS_WIDTH, INK_STRONG, keys, false);
	grid_put(grid, x + KEYS_WIDTH + 1, y, COLUMN_WIDTH - KEYS_WIDTH - 2, INK_PLAIN, b->help,
		 false);
}

/* In as many columns as have room; where there is too little, the page goes on with the arrows. */
void draw_help(struct drawing *d, unsigned int y, unsigned int end)
{
	unsigned int height = end > y ? end - y : 1, n = 0, i, columns_n, first, room;

	while (tui_bindings[n].action != ACT_NONE)
		n++;
	columns_n = d->grid->width / COLUMN_WIDTH;
	columns_n = columns_n ? columns_n : 1;
	room = columns_n * height;
	d->tui->help_last = n > room ? n - room : 0;
	first = d->tui->help_first < d->tui->help_last ? d->tui->help_first : d->tui->help_last;
	for (i = 0; i < room && first + i < n; i++)
		help_entry(d->grid, i / height * COLUMN_WIDTH, y + i % height,
			   &tui_bindings[first + i]);
}
