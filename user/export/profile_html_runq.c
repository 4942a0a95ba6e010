// SPDX-License-Identifier: GPL-2.0-only
/*
 * profile_html_runq.c - the page's table of who ran while the target waited for a CPU, by where
 * that belongs: same cgroup, another one and which, kernel threads, nobody.
 *
 * Owns: its rows, which add up to the run-queue view. Steal stands beside and is in no sum.
 */
#include "export/profile_html.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export/profile_tally.h"
#include "export/profile_walk.h"

enum { ROWS_MAX = 12 }; /* the others are one row */

static void row(struct buf *out, const char *name, size_t len, const char *unit, __u64 ns,
		__u64 sum)
{
	buf_str(out, "<tr><th scope=\"row\">");
	buf_add(out, name, len);
	if (*unit)
		buf_str(out, ": ");
	html_clean(out, unit);
	buf_str(out, "</th><td>");
	html_seconds(out, ns);
	buf_str(out, "</td><td>");
	if (sum)
		html_percent(out, ns, sum);
	buf_str(out, "</td></tr>\n");
}

static void rows(struct buf *out, const struct profile *p, const struct profile_tally *t,
		 const __u32 *order)
{
	static const char others[] = "others", stolen[] = "beside it: stolen from all CPUs";
	const char *label;
	__u64 ns, rest = 0;
	__u32 i;

	for (i = 0; i < t->labels.n; i++) {
		label = intern_at(&t->labels, order[i]);
		ns = t->rows[order[i]].self[PROFILE_NOW];
		if (i < ROWS_MAX)
			row(out, label, strcspn(label, "\t"), strchr(label, '\t') + 1, ns,
			    t->sum[PROFILE_NOW]);
		else
			rest += ns;
	}
	if (rest)
		row(out, others, sizeof(others) - 1, "", rest, t->sum[PROFILE_NOW]);
	if (p->beside.has_steal)
		row(out, stolen, sizeof(stolen) - 1, "", p->beside.steal_ns, 0);
}

void html_relations(struct buf *out, const struct profile *p)
{
	struct profile_tally t;
	struct profile_walk w;
	__u32 *order = NULL;

	profile_tally_init(&t);
	t.err = profile_walk_init(&w, p);
	profile_tally_relations(&t, &w, PROFILE_RUN_QUEUE, PROFILE_NOW);
	if (!t.err)
		order = profile_tally_order(&t, profile_tally_by_self);
	if (!order && !out->err)
		out->err = t.err ? t.err : -ENOMEM;
	if (order && t.sum[PROFILE_NOW]) {
		buf_str(out, "<table class=\"pairs numbers\" id=\"relations\">"
			     "<caption>Who ran, by where it belongs</caption>\n");
		rows(out, p, &t, order);
		buf_str(out, "</table>\n");
	}
	free(order);
	profile_tally_done(&t);
	profile_walk_done(&w);
}
