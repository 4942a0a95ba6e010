// SPDX-License-Identifier: GPL-2.0-only
/*
 * index.c - the page that a browser gets at /: what is wrong now, is vigie itself well, and who
 * uses the most. It says all that without a script; where there is one, it draws the live page in its
 * place (web/). A strict policy goes with it (http/).
 *
 * Owns: its HTML. Every text is escaped here, whatever it went through before: names are chosen
 * by strangers. Not here: figures of the page that are not in the view or the self view.
 */
#include <stdio.h>
#include <string.h>

#include "base/html_escape.h"
#include "base/units.h"
#include "data/text_cells.h"
#include "export/encode.h"
#include "export/sentence.h"

enum { TOP = 5, CELL_LEN = 32, SENTENCE_MAX = 4096 };

static void cell(struct buf *out, const char *text)
{
	buf_str(out, "<td>");
	html_escape(out, text);
	buf_str(out, "</td>");
}

static void number_cell(struct buf *out, const char *text)
{
	buf_str(out, "<td align=\"right\">");
	html_escape(out, text);
	buf_str(out, "</td>");
}

/* --- The one sentence. */

static void say(struct buf *out, const struct view *view, const struct self_view *self)
{
	struct buf text;
	const char *state;

	buf_init(&text, SENTENCE_MAX);
	state = sentence_say(&text, view, self);
	buf_char(&text, '\0');
	buf_printf(out, "<p class=\"say %s\">", state);
	html_escape(out, text.err ? "" : text.data);
	buf_str(out, "</p>\n");
	buf_done(&text);
}

/* --- What is wrong now. */

/* In seconds: no clock and no time zone is read here. */
static void age_cell(struct buf *out, const struct view *view, __u64 wall_ns)
{
	__u64 age_ns = view->wall_ns > wall_ns ? view->wall_ns - wall_ns : 0;

	buf_printf(out, "<td align=\"right\">%llu s ago</td>",
		   (unsigned long long)(age_ns / NS_PER_S));
}

static void findings(struct buf *out, const struct view *view, const struct self_view *self)
{
	unsigned int i;

	buf_str(out, "<h2>Active findings</h2>\n");
	if (!self->nfindings) {
		buf_str(out, "<p>None.</p>\n");
		return;
	}
	buf_str(out, "<table border=\"1\">\n<tr><th>since</th><th>severity</th><th>rule</th>"
		     "<th>what</th><th>id</th></tr>\n");
	for (i = 0; i < self->nfindings; i++) {
		const struct self_finding *f = &self->findings[i];

		buf_str(out, "<tr>");
		age_cell(out, view, f->since_wall_ns);
		cell(out, severity_name(f->severity));
		cell(out, f->rule);
		cell(out, f->message);
		cell(out, f->id);
		buf_str(out, "</tr>\n");
	}
	buf_str(out, "</table>\n<p><code>vigie explain ID</code> tells the story of one.</p>\n");
}

/* --- Is vigie itself well? */

static void health_row(struct buf *out, const char *what, __u64 value, const char *good)
{
	buf_str(out, "<tr>");
	cell(out, what);
	buf_str(out, "<td align=\"right\">");
	buf_u64(out, value);
	buf_str(out, "</td>");
	cell(out, value ? good : "");
	buf_str(out, "</tr>\n");
}

static __u64 sum_of(const __u64 *values, unsigned int n)
{
	__u64 sum = 0;

	while (n--)
		sum += values[n];
	return sum;
}

static void percent_row(struct buf *out, const char *what, __u64 ppb, const char *comment)
{
	buf_str(out, "<tr>");
	cell(out, what);
	buf_printf(out, "<td align=\"right\">%.3g %%</td>", ppb / 1e7);
	cell(out, comment);
	buf_str(out, "</tr>\n");
}

/* Of the last reading. A step that is off is named, for its figures are on no page. */
static void budget(struct buf *out, const struct self_budget *b)
{
	static const char *const names[] = { "culprits of slow waits", "histograms", "off-CPU time",
					     "the correction of waits", "frequent snapshots" };
	char off[128];
	size_t len = 0;
	unsigned int i;

	_Static_assert(sizeof(names) / sizeof(names[0]) == SELF_SHED_STEPS, "a step has no name");
	if (!b->limit_ppb)
		return;
	off[0] = '\0';
	for (i = 0; i < SELF_SHED_STEPS; i++)
		if (b->shed[i])
			len += snprintf(off + len, sizeof(off) - len, "%s%s",
					len ? ", " : "without ", names[i]);
	percent_row(out, "cost of vigie, of one core", sum_of(b->overhead_ppb, SELF_OVERHEAD_PARTS),
		    off);
	percent_row(out, "it may cost", b->limit_ppb, "--max-overhead");
}

static void health(struct buf *out, const struct view *view, const struct self_view *self)
{
	const struct collect_stat *stat = &view->stat;
	unsigned int i;

	buf_str(out, "<h2>Health of vigie</h2>\n<table border=\"1\">\n");
	health_row(out, "snapshots", stat->snapshots, "");
	health_row(out, "lost by the probes", sum_of(stat->loss, VIGIE_LOSSES) + stat->lost_records,
		   "by cause: vigie_self_losses_total");
	health_row(out, "snapshots not recorded", sum_of(self->writer.entries_lost, WRITER_LOSSES),
		   "by cause: vigie_self_recording_lost_total");
	health_row(out, "lines of the log lost", self->writer.lines_lost, "is the disk full?");
	health_row(out, "scrapes failed", self->scrape_errors, "see the log");
	health_row(out, "findings suppressed", self->findings_suppressed, "too many at once");
	budget(out, &self->budget);
	buf_str(out, "</table>\n");
	if (self->nmissing)
		buf_str(out, "<p>This kernel or configuration cannot give:</p>\n<ul>\n");
	for (i = 0; i < self->nmissing; i++) {
		buf_str(out, "<li>");
		html_escape(out, self->missing[i].field);
		buf_str(out, ": ");
		html_escape(out, self->missing[i].reason);
		buf_str(out, "</li>\n");
	}
	if (self->nmissing)
		buf_str(out, "</ul>\n");
}

/* --- Who uses the most. */

static void percent_cell(struct buf *out, const struct view *view, __u64 ns)
{
	char text[CELL_LEN];

	text_tenths(text, sizeof(text), ns * 1000 / view->interval_ns);
	number_cell(out, text);
}

static void top_row(struct buf *out, const struct view *view, const struct group_view *group)
{
	char text[CELL_LEN];
	unsigned int k;

	buf_str(out, "<tr>");
	for (k = 0; k < view->nkeys; k++)
		cell(out, group->label[k]);
	percent_cell(out, view, list_cpu_ns(group));
	percent_cell(out, view, group->inc.wait_ns);
	text_bytes(text, sizeof(text), list_rss_bytes(group));
	number_cell(out, text);
	buf_str(out, "</tr>\n");
}

static void top(struct buf *out, const struct view *view)
{
	static const struct list_options options = { .sort = SORT_CPU, .top = TOP };
	struct list list;
	unsigned int k;
	size_t i;
	int err;

	buf_printf(out, "<h2>Most CPU time in the last %llu ms</h2>\n",
		   (unsigned long long)(view->interval_ns / NS_PER_MS));
	if (!view->interval_ns)
		return;
	err = list_init(&list, view, &options);
	if (err) {
		out->err = out->err ? out->err : err;
		return;
	}
	buf_str(out, "<table border=\"1\">\n<tr>");
	for (k = 0; k < view->nkeys; k++)
		buf_printf(out, "<th>%s</th>", group_key_name(view->keys[k]));
	buf_str(out, "<th>CPU %</th><th>waiting %</th><th>RSS</th></tr>\n");
	for (i = 0; i < list.n; i++)
		top_row(out, view, list.rows[i]);
	if (list.cut || list_active(&list.other))
		top_row(out, view, &list.other);
	buf_str(out, "</table>\n");
	list_done(&list);
}

void index_encode(const struct encode_ctx *ctx)
{
	struct buf *out = ctx->out;

	buf_str(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">"
		     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
		     "<title>vigie</title>\n<link rel=\"stylesheet\" href=\"live.css\">"
		     "<link rel=\"icon\" href=\"live.svg\"><script src=\"live.js\" defer></script>"
		     "</head>\n<body>\n<h1>vigie</h1>\n<p>Version ");
	html_escape(out, ctx->self->version);
	buf_str(out, ". What every process of this host costs, and why it waits."
		     "</p>\n<p><a href=\"");
	buf_str(out, ctx->self->metrics_path ? ctx->self->metrics_path : "/metrics");
	buf_str(out,
		"\">Metrics</a> &middot; "
		"<a href=\"/-/healthy\">alive?</a> &middot; "
		"<a href=\"/-/ready\">ready?</a></p>\n<main id=\"app\"></main>\n<div id=\"plain\">\n");
	say(out, ctx->view, ctx->self);
	findings(out, ctx->view, ctx->self);
	top(out, ctx->view);
	health(out, ctx->view, ctx->self);
	buf_str(out, "</div>\n</body>\n</html>\n");
}
