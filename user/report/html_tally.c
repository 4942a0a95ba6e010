// SPDX-License-Identifier: GPL-2.0-only
/*
 * html_tally.c - the page's tables of sums: who ran while the target waited for a CPU, by
 * where that belongs; who was waited for in the end, by chain of wakers.
 *
 * Owns: their rows. The first's add up to the run-queue view; steal stands beside, in no sum. The
 * second's are of the wakers view; waits that one waker explains have no row.
 */
#include "report/html.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/tally.h"
#include "report/walk.h"

enum { ROWS_MAX = 12 }; /* the others are one row */

static void tallies_row(struct buf *out, const char *name, size_t len, const char *unit, __u64 ns,
			__u64 sum)
{
	char part[1280]; /* a name and its mark */

	buf_str(out, "<tr><th scope=\"row\">");
	snprintf(part, sizeof(part), "%.*s", (int)len, name);
	html_escape(out, part);
	if (*unit)
		buf_str(out, ": ");
	html_escape(out, unit);
	buf_str(out, "</th><td>");
	html_seconds(out, ns);
	buf_str(out, "</td><td>");
	if (sum)
		html_percent(out, ns, sum);
	buf_str(out, "</td></tr>\n");
}

static void tallies_rows(struct buf *out, const struct profile_tally *t, const __u32 *order,
			 const struct profile_beside *beside)
{
	static const char others[] = "others", stolen[] = "beside it: stolen from all CPUs";
	const char *label;
	__u64 ns, rest = 0;
	__u32 i;

	for (i = 0; i < t->labels.n; i++) {
		label = intern_at(&t->labels, order[i]);
		ns = t->rows[order[i]].self[PROFILE_NOW];
		if (i < ROWS_MAX)
			tallies_row(out, label, strcspn(label, "\t"), strchr(label, '\t') + 1, ns,
				    t->sum[PROFILE_NOW]);
		else
			rest += ns;
	}
	if (rest)
		tallies_row(out, others, sizeof(others) - 1, "", rest, t->sum[PROFILE_NOW]);
	if (beside && beside->has_steal)
		tallies_row(out, stolen, sizeof(stolen) - 1, "", beside->steal_ns, 0);
}

typedef void tally_fn(struct profile_tally *t, struct profile_walk *w, enum profile_view view,
		      enum profile_tally_when when);

static void table(struct buf *out, const struct profile *p, tally_fn *fn, enum profile_view view,
		  const char *caption)
{
	struct profile_tally t;
	struct profile_walk w;
	__u32 *order = NULL;

	profile_tally_init(&t);
	t.err = profile_walk_init(&w, p);
	fn(&t, &w, view, PROFILE_NOW);
	if (!t.err)
		order = profile_tally_order(&t, profile_tally_by_self);
	if (!order && !out->err)
		out->err = t.err ? t.err : -ENOMEM;
	if (order && t.labels.n) {
		buf_str(out, "<table class=\"pairs numbers\"><caption>");
		buf_str(out, caption);
		buf_str(out, "</caption>\n");
		tallies_rows(out, &t, order, view == PROFILE_RUN_QUEUE ? &p->beside : NULL);
		buf_str(out, "</table>\n");
	}
	free(order);
	profile_tally_done(&t);
	profile_walk_done(&w);
}

void html_relations(struct buf *out, const struct profile *p)
{
	table(out, p, profile_tally_relations, PROFILE_RUN_QUEUE, "Who ran, by where it belongs");
}

void html_chains(struct buf *out, const struct profile *p)
{
	table(out, p, profile_tally_chains, PROFILE_WAKERS,
	      "Who was waited for in the end, where that is not who ended the wait");
}
