// SPDX-License-Identifier: GPL-2.0-only
/*
 * html_svg.c - a view's flame graph as SVG, for who runs no script.
 *
 * Owns: which boxes are worth drawing, and where they stand. Places are percents of the width,
 * so that the graph fits any window; a box is an <svg> of its own, which cuts off what of its
 * name has no room. Neither style nor script: the page's policy would block them.
 */
#include "report/html.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	ROW = 18, /* pixels */
	PRUNE = 2000, /* boxes under 1/2000 of the width, 0.05 %, are not drawn … */
	BOXES_MAX = 500, /* … and bigger ones neither, if there are more than this of them, */
	WIDE = 50, /* up to 1/50 of the width: then it is the deepest rows that are left out */
	LABEL = 80, /* boxes under 1/80 of the width have no room for a name */
	MILLI_PERCENT = 100000, /* of the whole width */
};

struct graph {
	struct buf *out;
	const struct flame *f;
	enum profile_view view;
	bool growth;
	__u64 total;
	__u64 least; /* value of the smallest box that is drawn */
	__u32 rows; /* that may be drawn */
};

struct shape {
	__u32 boxes, rows;
};

/* The child to draw first, or 0. */
static __u32 first_child(const struct graph *g, __u32 box, __u32 depth)
{
	return depth + 1 < g->rows ? g->f->boxes[box].child : 0;
}

/* Children stand by falling value: those that are too small are the end of the list. */
static __u64 pruned(const struct graph *g, __u32 child)
{
	__u64 sum = 0;

	for (; child; child = g->f->boxes[child].next)
		sum += g->f->boxes[child].value;
	return sum;
}

static void measure(const struct graph *g, __u32 box, __u32 depth, struct shape *shape)
{
	__u32 child;

	shape->boxes++;
	if (depth + 1 > shape->rows)
		shape->rows = depth + 1;
	for (child = first_child(g, box, depth); child && g->f->boxes[child].value >= g->least;
	     child = g->f->boxes[child].next)
		measure(g, child, depth + 1, shape);
	if (child && pruned(g, child) >= g->least) {
		shape->boxes++;
		if (depth + 2 > shape->rows)
			shape->rows = depth + 2;
	}
}

/* Boxes are left out until few enough remain: a page must stay small. Returns its rows. */
static __u32 fit(struct graph *g)
{
	struct shape shape;

	g->rows = FLAME_DEPTH + 1;
	g->least = g->total / PRUNE;
	g->least = g->least ? g->least : 1;
	for (;;) {
		shape = (struct shape){ 0 };
		measure(g, g->view, 0, &shape);
		if (shape.boxes <= BOXES_MAX)
			return shape.rows;
		if (g->least < g->total / WIDE)
			g->least += g->least / 2 + 1;
		else
			g->rows = shape.rows - shape.rows / 4 - 1;
	}
}

static __u32 milli_percent(const struct graph *g, __u64 value)
{
	return (unsigned __int128)value * MILLI_PERCENT / g->total;
}

static void percent_attribute(const struct graph *g, const char *name, __u64 value)
{
	__u32 part = milli_percent(g, value);

	buf_printf(g->out, " %s=\"%u.%03u%%\"", name, part / 1000, part % 1000);
}

static void open_box(const struct graph *g, const char *class, __u64 before, __u64 value,
		     __u32 depth)
{
	buf_printf(g->out, "<svg class=\"%s\"", class);
	percent_attribute(g, "x", before);
	percent_attribute(g, "width", value);
	buf_printf(g->out, " y=\"%u\" height=\"%d\"><title>", depth * ROW, ROW - 1);
}

static void close_box(const struct graph *g, const char *name, __u64 value)
{
	buf_str(g->out, "<rect width=\"100%\" height=\"100%\"/>");
	if (value >= g->total / LABEL) {
		buf_str(g->out, "<text x=\"4\" y=\"13\">");
		html_escape(g->out, name);
		buf_str(g->out, "</text>");
	}
	buf_str(g->out, "</svg>\n");
}

static void title_numbers(const struct graph *g, __u64 value)
{
	html_value(g->out, g->view, value);
	buf_str(g->out, ", ");
	html_percent(g->out, value, g->total);
}

static void draw_box(const struct graph *g, __u32 box, __u64 before, __u32 depth)
{
	const struct flame_box *b = &g->f->boxes[box];
	const char *name = flame_text(g->f, box);
	char place[FLAME_TEXT + 16];
	char class[16];
	int growth;

	snprintf(class, sizeof(class), "%s", flame_kind_name(flame_kind(g->f, box)));
	if (g->growth) {
		growth = flame_growth(g->f, box, g->view);
		snprintf(class, sizeof(class), "%s%d", growth < 0 ? "less" : "more", abs(growth));
	}
	open_box(g, class, before, b->value, depth);
	html_escape(g->out, name);
	buf_str(g->out, ": ");
	title_numbers(g, b->value);
	if (g->growth) {
		buf_str(g->out, ", was ");
		html_percent(g->out, b->other, g->f->boxes[g->view].other);
	}
	if (flame_place(g->f, b->name, place, sizeof(place))[0]) {
		buf_str(g->out, "; ");
		html_escape(g->out, place);
	}
	buf_str(g->out, "</title>");
	close_box(g, name, b->value);
}

static void draw_others(const struct graph *g, __u64 before, __u64 value, __u32 depth)
{
	open_box(g, "others", before, value, depth);
	buf_str(g->out, "(others): ");
	title_numbers(g, value);
	buf_str(g->out, "</title>");
	close_box(g, "(others)", value);
}

static void svg_draw(const struct graph *g, __u32 box, __u64 before, __u32 depth)
{
	__u32 child;
	__u64 rest;

	draw_box(g, box, before, depth);
	for (child = first_child(g, box, depth); child && g->f->boxes[child].value >= g->least;
	     child = g->f->boxes[child].next) {
		svg_draw(g, child, before, depth + 1);
		before += g->f->boxes[child].value;
	}
	rest = pruned(g, child);
	if (rest >= g->least)
		draw_others(g, before, rest, depth + 1);
}

void html_flame(struct buf *out, const struct flame *f, enum profile_view view, bool growth)
{
	struct graph g = {
		.out = out,
		.f = f,
		.view = view,
		.growth = growth,
		.total = f->boxes[view].value,
	};
	__u32 rows;

	if (!g.total)
		return;
	rows = fit(&g);
	buf_printf(out,
		   "<svg class=\"graph static\" width=\"100%%\" height=\"%u\" role=\"img\" "
		   "aria-label=\"Flame graph: %s\">\n",
		   rows * ROW, profile_view_name(view));
	svg_draw(&g, view, 0, 0);
	buf_str(out, "</svg>\n<p class=\"fine static\">Boxes under ");
	html_percent(out, g.least, g.total);
	buf_str(out, " of the width are summed up as (others)");
	if (g.rows <= FLAME_DEPTH)
		buf_printf(out, "; rows below the first %u are left out", g.rows);
	buf_str(out, ".</p>\n");
}
