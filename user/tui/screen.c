// SPDX-License-Identifier: GPL-2.0-only
/*
 * screen.c - owns the order of the screen: status, the machine, the sentence, the day, then the rows,
 * one of them, or the help; last what is typed.
 */
#include "tui/screen_parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/when.h"
#include "data/host_lines.h"
#include "data/text_cells.h"
#include "tui/sentence.h"

enum {
	LINE_MAX_BYTES = 16384,
	TALL = 12, /* from that height on there is room for the day */
	TREND = 8, /* samples in a row's spark line */
	TREND_WIDTH = TREND + 1,
	TREND_FROM = 90, /* from that width on there is one */
	WIDE = 100, /* from that width on memory and tasks share a line */
};

void draw_line(struct drawing *d, unsigned int y, enum ink ink)
{
	buf_char(&d->line, '\0');
	if (!d->line.err)
		grid_put(d->grid, 0, y, d->grid->width, ink, d->line.data, false);
	buf_clear(&d->line);
}

/* Up to so many lines, broken at blanks; what has no room then is cut. Returns the line after them. */
static unsigned int draw_wrapped(struct drawing *d, unsigned int y, unsigned int most, enum ink ink)
{
	const char *at, *rest, *fits;
	struct text_character c;
	size_t columns_used;
	bool whole;

	buf_char(&d->line, '\0');
	for (at = d->line.err ? "" : d->line.data; *at && most > 1; at = fits + 1, most--) {
		fits = NULL;
		columns_used = 0;
		for (rest = at; !(whole = !text_next(&rest, &c));
		     columns_used += grid_columns(&c)) {
			if (c.point == ' ')
				fits = c.text; /* the one behind a full line, too: it is not shown */
			if (columns_used + grid_columns(&c) > d->grid->width)
				break;
		}
		if (whole)
			break;
		if (!fits)
			break; /* a word that is wider than the screen is cut */
		*(char *)fits = '\0';
		grid_put(d->grid, 0, y++, d->grid->width, ink, at, false);
	}
	grid_put(d->grid, 0, y++, d->grid->width, ink, at, false);
	buf_clear(&d->line);
	return y;
}

/* --- The lines above. */

static const char *time_name(enum tui_time time)
{
	return time == TUI_LIVE ? "LIVE" : time == TUI_FROZEN ? "FROZEN" : "PAST";
}

/* One column has it, or three have a part of it. */
static bool is_sorted_by(enum column_id id, enum sort_key sort)
{
	if (sort == SORT_OFF)
		return id == COLUMN_DISK || id == COLUMN_STALL || id == COLUMN_LOCK;
	return columns[id].sort == sort;
}

static const char *sort_title(enum sort_key sort)
{
	int id;

	if (sort == SORT_OFF)
		return "blocked time";
	for (id = 0; id < COLUMNS; id++)
		if (columns[id].sort == sort)
			return columns[id].title;
	return sort_key_name(sort);
}

static void status_line(struct drawing *d)
{
	const struct tui *tui = d->tui;
	char when[20];

	when_format(d->frame->view->wall_ns, when);
	buf_printf(&d->line, " %s  %s  by %s, %s first", when, time_name(d->frame->time),
		   tui_groupings[tui->group].name, sort_title(tui->sort));
	if (tui->filter[0])
		buf_printf(&d->line, ", with \"%s\"", tui->filter);
	buf_str(&d->line, "  ");
	buf_str(&d->line, d->frame->source);
	draw_line(d, 0, INK_BAR);
}

/* Returns the line after them. */
static unsigned int host_lines(struct drawing *d, unsigned int y)
{
	const struct view *view = d->frame->view;

	host_cpu_line(&d->line, view);
	draw_line(d, y++, INK_PLAIN);
	host_memory_line(&d->line, view);
	if (d->grid->width >= WIDE)
		buf_str(&d->line, "  ");
	else
		draw_line(d, y++, INK_PLAIN);
	host_task_line(&d->line, view);
	draw_line(d, y++, INK_PLAIN);
	return y;
}

static unsigned int lines_above(struct drawing *d)
{
	unsigned int y;
	enum ink ink;

	status_line(d);
	y = host_lines(d, 1);
	ink = tui_sentence(&d->line, d->frame);
	y = draw_wrapped(d, y, d->grid->height >= TALL ? 2 : 1, ink);
	if (d->frame->bar && d->frame->bar->to_ns && d->grid->height >= TALL)
		draw_bar(d, y++);
	return y;
}

/* --- Rows. */

static void title_cells(struct drawing *d, unsigned int y, const struct columns_fit *fit)
{
	const struct view *view = d->frame->view;
	unsigned int x = 0, i;
	int id;

	grid_put(d->grid, 0, y, d->grid->width, INK_STRONG, "", false);
	for (i = 0; i < view->nkeys; i++) {
		grid_put(d->grid, x, y, fit->name_width[i], INK_STRONG,
			 column_key_title(view->keys[i]), view->keys[i] == KEY_PID);
		x += fit->name_width[i] + 1;
	}
	for (id = 0; id < COLUMNS; id++) {
		if (!fit->shown[id])
			continue;
		d->tui->places.title_x[id] = x;
		d->tui->places.title_end[id] = x + columns[id].width;
		grid_put(d->grid, x, y, columns[id].width,
			 is_sorted_by(id, d->tui->sort) ? INK_BAR : INK_STRONG, columns[id].title,
			 true);
		x += columns[id].width + 1u;
	}
}

static enum ink cell_ink(const struct view *view, const struct group_view *group, enum column_id id,
			 const char *text)
{
	static const enum ink inks[] = {
		[COLUMN_COOL] = INK_PLAIN, [COLUMN_WARM] = INK_WARM, [COLUMN_HOT] = INK_HOT
	};

	if (!strcmp(text, "0") || !strcmp(text, "0.0") || !strcmp(text, "-"))
		return INK_FAINT;
	return inks[column_heat(view, group, id)];
}

static void row_cells(struct drawing *d, unsigned int y, const struct columns_fit *fit,
		      const struct group_view *group)
{
	const struct view *view = d->frame->view;
	char text[COLUMN_TEXT];
	unsigned int x = 0, i;
	int id;

	for (i = 0; i < view->nkeys; i++) {
		grid_put(d->grid, x, y, fit->name_width[i], group->live ? INK_PLAIN : INK_FAINT,
			 column_label(view, &d->list, group, i), view->keys[i] == KEY_PID);
		x += fit->name_width[i] + 1;
	}
	for (id = 0; id < COLUMNS; id++) {
		if (!fit->shown[id])
			continue;
		column_text(view, group, id, text);
		grid_put(d->grid, x, y, columns[id].width, cell_ink(view, group, id, text), text,
			 true);
		x += columns[id].width + 1u;
	}
}

/* Its CPU time in the last samples: a full block is one CPU all the time, or more. */
static void row_trend(struct drawing *d, unsigned int y, const struct group_view *group)
{
	const struct trail *trail = d->frame->trail;
	unsigned int i, first = trail->n > TREND ? trail->n - TREND : 0;
	unsigned int x = d->grid->width - (trail->n - first);
	__u64 row = trail_row(d->frame->view, group);

	for (i = first; i < trail->n; i++) {
		const struct trail_point *p = trail_point(trail, i, row);
		__u64 cpu_ns = p ? p->user_ns + p->system_ns : 0;

		grid_put(d->grid, x + i - first, y, 1, INK_GOOD,
			 draw_block(d->grid, cpu_ns, trail->samples[i].interval_ns), false);
	}
}

static bool has_trend(const struct drawing *d)
{
	return d->frame->trail && d->grid->width >= TREND_FROM;
}

/* The chosen row is on the screen, and what was on top stays there as long as it can. */
static void scroll(struct tui *tui, size_t page)
{
	tui->page = page;
	if (tui->row < tui->first && !tui->scrolled)
		tui->first = tui->row;
	if (page && tui->row >= tui->first + page && !tui->scrolled)
		tui->first = tui->row - page + 1;
	if (tui->first + page > tui->rows)
		tui->first = tui->rows > page ? tui->rows - page : 0;
}

/* Names are as wide as what is shown wants them, which is less than what all rows want. */
static void draw_rows(struct drawing *d, unsigned int y, unsigned int end)
{
	const struct tui *tui = d->tui;
	struct list shown = d->list;
	struct columns_fit fit;
	size_t i;

	scroll(d->tui, end > y + 1 ? end - y - 1 : 0);
	shown.rows += tui->first;
	shown.n = tui->rows - tui->first < tui->page ? tui->rows - tui->first : tui->page;
	columns_fit(&fit, d->frame->view, &shown, false,
		    d->grid->width - (has_trend(d) ? TREND_WIDTH : 0));
	d->tui->places = (struct tui_places){ .titles_y = y, .rows_y = y + 1, .end_y = end };
	title_cells(d, y, &fit);
	if (has_trend(d))
		grid_put(d->grid, d->grid->width - TREND, y, TREND, INK_STRONG, "TREND", true);
	y++;
	for (i = 0; i < shown.n; i++) {
		row_cells(d, y + i, &fit, shown.rows[i]);
		if (has_trend(d))
			row_trend(d, y + i, shown.rows[i]);
		if (tui->chosen[0] && tui->first + i == tui->row)
			grid_choose(d->grid, y + i);
	}
	if (!shown.n)
		grid_put(d->grid, 0, y, d->grid->width, INK_FAINT,
			 tui->filter[0] ? "no row has this text in a name" : "no rows", false);
}

/* --- The last line. */

static void last_line(struct drawing *d)
{
	const struct tui *tui = d->tui;
	unsigned int y = d->grid->height - 1;

	if (tui->prompt != TUI_NO_PROMPT) {
		buf_printf(&d->line, "%s%s_",
			   tui->prompt == TUI_ASK_FILTER ? "/" : "to: ", tui->typed);
		draw_line(d, y, INK_STRONG);
	} else if (tui->note[0]) {
		buf_str(&d->line, tui->note);
		draw_line(d, y, INK_ALARM);
	} else {
		buf_printf(&d->line,
			   "row %zu of %zu  ? keys  Tab group  / filter  Enter detail  "
			   "Space freeze  T t time  q quit",
			   tui->rows ? tui->row + 1 : 0, tui->rows);
		draw_line(d, y, INK_FAINT);
	}
}

static void draw_body(struct drawing *d)
{
	unsigned int y = lines_above(d), end = d->grid->height - 1;

	switch (d->tui->mode) {
	case TUI_HELP: draw_help(d, y, end); break;
	case TUI_DETAIL: draw_detail(d, y, end); break;
	default: draw_rows(d, y, end); break;
	}
	last_line(d);
}

static void draw_notice(struct grid *grid, const char *text)
{
	grid_put(grid, 0, 0, grid->width, INK_STRONG, text, false);
}

int screen_draw(struct grid *grid, struct tui *tui, const struct tui_frame *frame)
{
	struct drawing d = { .grid = grid, .tui = tui, .frame = frame };
	int err;

	grid_clear(grid);
	tui->places.end_y = 0;
	tui->offered = frame->offered | 1u << tui->group;
	if (grid->width < SCREEN_WIDTH_MIN || grid->height < SCREEN_HEIGHT_MIN) {
		draw_notice(grid, "vigie top needs 40 columns, 8 lines");
		return 0;
	}
	if (!frame->view) {
		draw_notice(grid, "vigie top: reading the first sample");
		return 0;
	}
	err = tui_rows(tui, frame->view, &d.list);
	if (err)
		return err;
	buf_init(&d.line, LINE_MAX_BYTES);
	draw_body(&d);
	buf_done(&d.line);
	list_done(&d.list);
	return 0;
}
