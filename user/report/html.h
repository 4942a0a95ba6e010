/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * html.h - the parts of a profile's page, for each other only.
 *
 * Owns: how numbers and names are spelled in it. Not here: the page's order (html.c).
 */
#ifndef VIGIE_REPORT_HTML_H
#define VIGIE_REPORT_HTML_H

#include "base/html_escape.h"
#include "report/flame.h"

/* --- html_text.c */
void html_name(struct buf *out, const char *raw); /* sanitised and escaped */
void html_percent(struct buf *out, __u64 part, __u64 whole); /* "12.34 %" */
void html_seconds(struct buf *out, __u64 ns); /* "1.234567890 s" */
void html_value(struct buf *out, enum profile_view view, __u64 value); /* with its unit */
void html_when(struct buf *out, __u64 wall_ns); /* UTC */
/* A copy that cannot end or open anything in a <script>. */
void html_json(struct buf *out, const char *json, size_t len);

/* --- html_tables.c */
void html_about(struct buf *out, const struct profile *p, const struct profile *other);
void html_totals(struct buf *out, const struct profile *p, const struct profile *other);
void html_quality(struct buf *out, const struct profile *p);
void html_threads(struct buf *out, const struct profile *p);

/* --- html_tally.c */
void html_relations(struct buf *out, const struct profile *p);
void html_chains(struct buf *out, const struct profile *p);

/* --- html_svg.c: the graph for who runs no script. */
void html_flame(struct buf *out, const struct flame *f, enum profile_view view, bool growth);

/* --- html_data.c: what the script draws from. */
void html_data(struct buf *out, const struct flame *f, const struct profile *p,
	       const struct profile *other);

#endif
