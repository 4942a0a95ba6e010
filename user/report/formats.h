/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * formats.h - the PURE encoders of a profiling session: a profile in, bytes out.
 *
 * Owns: the table of formats: a new one is a file and a line of it. Each appends to a buf and reports through the buf's sticky error.
 * The same profile makes the same bytes; what a view adds up to is the same in all of them, to
 * the nanosecond and byte. Not here: where the bytes go (app), what they are made of (data/).
 */
#ifndef VIGIE_REPORT_FORMATS_H
#define VIGIE_REPORT_FORMATS_H

#include <stdbool.h>

#include "base/buf.h"
#include "data/profile.h"

/*
 * Collapsed stacks, for flame graphs: "process;main;work 1234", in ns or bytes, sorted by bytes.
 * With `other`, the profile from before: "stack before after". Marks: _[k] kernel, _[i] inlined,
 * _[j] compiled at run time.
 */
void profile_folded_encode(struct buf *out, const struct profile *p, enum profile_view view,
			   const struct profile *other);

/* pprof's profile.proto, compressed. views: 1 << enum profile_view. */
void profile_pprof_encode(struct buf *out, const struct profile *p, unsigned int views);

/* https://www.speedscope.app/file-format-schema.json: a profile a view, and one a thread. */
void profile_speedscope_encode(struct buf *out, const struct profile *p, unsigned int views);

/* Everything there is: see docs/profile-json.md. */
void profile_json_encode(struct buf *out, const struct profile *p);

struct profile_text_options {
	unsigned int top; /* rows of a list; 0: 8 */
	bool colour;
	unsigned int width; /* columns; 0: 100 */
	unsigned int views; /* 1 << enum profile_view, of the tables; 0: all */
};

/* One screen for a person. With `other`, the profile from before: what grew and what shrank. */
void profile_text_encode(struct buf *out, const struct profile *p, const struct profile *other,
			 const struct profile_text_options *o);

/*
 * One HTML page that needs nothing but itself: flame graphs of every recorded view, exact
 * totals, threads and quality. It reads without JavaScript; with it one can search, zoom, reverse
 * and pick threads. With `other` (NULL: none) frames are coloured by how much more of the whole
 * they take than there, matched by the names along their path.
 */
void profile_html_policy(
	struct buf *out); /* the page's Content-Security-Policy, which is in it, too */
void profile_html_encode(struct buf *out, const struct profile *p, const struct profile *other);

/* What the encoding of one session works with. */
struct report_ctx {
	struct buf *out;
	const struct profile *profile;
	const struct profile *before; /* what it is compared with; NULL: nothing */
	unsigned int views; /* 1 << enum profile_view; 0: not said */
	const struct profile_text_options *text;
};

struct report_format {
	const char *name;
	void (*encode)(const struct report_ctx *ctx);
	bool compares; /* takes `before` */
	bool all_views; /* has all views: none can be picked */
	bool binary; /* not for a terminal */
};

enum { REPORT_FORMATS = 6 };
extern const struct report_format report_formats[REPORT_FORMATS]; /* the first is the default */

/* NULL: there is none of this name. */
const struct report_format *report_format_by_name(const char *name);
/* "text, html or folded": all, or those that can be compared with another session. */
void report_formats_list(struct buf *out, bool comparing);

#endif
