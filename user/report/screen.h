/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * screen.h - lines of a profile's summary, none wider than the terminal.
 *
 * Owns: one line under construction, colours, the section that says how far the profile can be
 * trusted. Not here: the other sections (text.c).
 */
#ifndef VIGIE_REPORT_SCREEN_H
#define VIGIE_REPORT_SCREEN_H

#include "data/text_cells.h"
#include "report/formats.h"
#include "report/walk.h"

struct screen {
	struct buf *out, line;
	const struct profile *p, *other; /* other: NULL, or the profile from before */
	struct profile_walk walk, other_walk;
	unsigned int top, width, views;
	bool colour;
	int err; /* sticky; ends up in out */
};

enum { SCREEN_TOP = 8 }; /* rows of a table, unless said */

int screen_init(struct screen *s, struct buf *out, const struct profile *p,
		const struct profile *other, const struct profile_text_options *o);
void screen_done(struct screen *s);
void screen_fail(struct screen *s, int err);

/* Adds to the line. */
void screen_printf(struct screen *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void screen_cell(struct screen *s, const char *text, size_t width);
void screen_cut(struct screen *s, const char *text, size_t len, size_t width); /* and a blank */

/* Ends the line. */
void screen_line(struct screen *s);
void screen_title(struct screen *s);
void screen_warning(struct screen *s);
void screen_blank(struct screen *s);

double screen_percent(__u64 part, __u64 whole); /* 0 of nothing */

/* How far this can be trusted, and what it cost. */
void screen_trust(struct screen *s);

#endif
