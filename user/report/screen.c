// SPDX-License-Identifier: GPL-2.0-only
/* screen.c - owns the end of a line: its width, its colour, no blanks at its end. */
#include "report/screen.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 100, WIDTH_MIN = 60, PIECE_LEN = 4096 };

#define BOLD "\033[1m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

int screen_init(struct screen *s, struct buf *out, const struct profile *p,
		const struct profile *other, const struct profile_text_options *o)
{
	memset(s, 0, sizeof(*s));
	s->out = out;
	s->p = p;
	s->other = other;
	s->top = o->top ? o->top : SCREEN_TOP;
	s->views = o->views ? o->views : ~0U;
	s->width = !o->width ? WIDTH : o->width < WIDTH_MIN ? WIDTH_MIN : o->width;
	s->colour = o->colour;
	buf_init(&s->line, out->max);
	screen_fail(s, profile_walk_init(&s->walk, p));
	if (other)
		screen_fail(s, profile_walk_init(&s->other_walk, other));
	return s->err;
}

void screen_done(struct screen *s)
{
	screen_fail(s, s->line.err);
	if (s->err && !s->out->err)
		s->out->err = s->err;
	buf_done(&s->line);
	profile_walk_done(&s->walk);
	profile_walk_done(&s->other_walk);
}

void screen_fail(struct screen *s, int err)
{
	if (!s->err)
		s->err = err;
}

void screen_printf(struct screen *s, const char *fmt, ...)
{
	char piece[PIECE_LEN];
	va_list args;

	va_start(args, fmt);
	vsnprintf(piece, sizeof(piece), fmt, args);
	va_end(args);
	buf_str(&s->line, piece);
}

void screen_cell(struct screen *s, const char *text, size_t width)
{
	text_cell(&s->line, text, width, false);
}

void screen_cut(struct screen *s, const char *text, size_t len, size_t width)
{
	char piece[64];

	snprintf(piece, sizeof(piece), "%.*s", (int)len, text);
	text_cell(&s->line, piece, width, false);
	buf_char(&s->line, ' ');
}

static void end_line(struct screen *s, const char *colour)
{
	struct buf *line = &s->line;

	while (line->len && line->data[line->len - 1] == ' ')
		line->len--;
	buf_char(line, '\0');
	screen_fail(s, line->err);
	if (s->err)
		return;
	if (s->colour && colour)
		buf_str(s->out, colour);
	text_line(s->out, line->data, s->width);
	buf_clear(line);
	if (!s->colour || !colour || s->out->err)
		return;
	s->out->len--; /* the line's end comes after the colour's */
	buf_str(s->out, PLAIN "\n");
}

void screen_line(struct screen *s)
{
	end_line(s, NULL);
}

void screen_title(struct screen *s)
{
	end_line(s, BOLD);
}

void screen_warning(struct screen *s)
{
	end_line(s, YELLOW);
}

void screen_blank(struct screen *s)
{
	if (!s->err)
		buf_char(s->out, '\n');
}

double screen_percent(__u64 part, __u64 whole)
{
	return whole ? (double)part * 100 / (double)whole : 0;
}
