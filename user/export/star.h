/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * star.h - a history as the tables of a star schema, CSV, for Power BI and spreadsheets.
 *
 * Owns: the tables, their columns before the figures (figures.h), keys, dialects. Keys are made of
 * what they name, so another export has the same ones. Not here: files, where views come from.
 *
 * Tables of facts grow with each view: whoever writes them takes the bytes of a table when it
 * likes, and empties its buffer. docs/powerbi.md has the columns.
 */
#ifndef VIGIE_EXPORT_STAR_H
#define VIGIE_EXPORT_STAR_H

#include "base/buf.h"
#include "data/finding.h"
#include "data/view.h"

/* In the order in which files may replace older ones: what is referred to comes first. */
enum star_table {
	STAR_HOSTS,
	STAR_UNITS,
	STAR_GROUPS,
	STAR_CALENDAR,
	STAR_SAMPLES,
	STAR_DELAYS,
	STAR_FINDINGS,
	STAR_TABLES,
};
extern const char *const star_table_names[STAR_TABLES]; /* "hosts": hosts.csv */

struct star_dialect {
	const char *name;
	char separator, point;
	bool bom; /* Excel takes a file without one for a code page's */
};
enum { STAR_DIALECTS = 4 };
extern const struct star_dialect star_dialects[STAR_DIALECTS]; /* the first is the default */

struct star;

/* host: a sanitised name, copied. NULL: no memory. */
struct star *star__new(const struct star_dialect *dialect, const char *host);
void star__free(struct star *star); /* accepts NULL */

/* The interval of this view: samples and delays. 0, -ENOMEM, -E2BIG: too many different groups. */
int star__view(struct star *star, const struct view *view);
/* One event of a finding; the table has a row a finding. 0 or -ENOMEM, -E2BIG. */
int star__finding(struct star *star, const struct finding *finding);
/* All tables are complete then but for what the caller has not taken. 0 or as above. */
int star__finish(struct star *star);

/* What came since it was emptied (buf_clear()). */
struct buf *star__bytes(struct star *star, enum star_table table);
__u64 star__rows(const struct star *star, enum star_table table); /* so far, without the header */

#endif
