// SPDX-License-Identifier: GPL-2.0-only
/*
 * html_tables.c - the page's tables: the session, exact totals, quality, threads.
 *
 * Owns: which rows there are and in which order. Sums are of the threads' exact books, never of
 * samples.
 */
#include "report/html.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS_MAX = 200 }; /* rows; the others are one row */

struct sums {
	__u64 wall_ns, cpu_ns, wait_ns, faults;
	__u64 off_ns[VIGIE_WAITS], off_count[VIGIE_WAITS];
};

static void sums_add(struct sums *sums, const struct profile_thread *t)
{
	int i;

	sums->wall_ns += t->wall_ns;
	sums->cpu_ns += t->cpu_ns;
	sums->wait_ns += t->wait_ns;
	sums->faults += t->faults;
	for (i = 0; i < VIGIE_WAITS; i++) {
		sums->off_ns[i] += t->off_ns[i];
		sums->off_count[i] += t->off_count[i];
	}
}

static struct sums sums_of(const struct profile *p)
{
	struct sums sums = { 0 };
	__u32 i;

	for (i = 0; i < p->nthreads; i++)
		sums_add(&sums, &p->threads[i]);
	return sums;
}

static __u64 off_ns(const __u64 *off)
{
	__u64 sum = 0;
	int i;

	for (i = 0; i < VIGIE_WAITS; i++)
		sum += off[i];
	return sum;
}

/* --- Rows. */

static void head(struct buf *out, const char *title)
{
	buf_str(out, "<tr><th scope=\"row\">");
	buf_str(out, title);
	buf_str(out, "</th><td>");
}

static void tables_next(struct buf *out)
{
	buf_str(out, "</td><td>");
}

static void tables_end(struct buf *out)
{
	buf_str(out, "</td></tr>\n");
}

/* --- The session. */

static void name_row(struct buf *out, const struct profile *p, const char *title, __u32 string)
{
	if (!*profile_text(p, string))
		return;
	head(out, title);
	html_name(out, profile_text(p, string));
	tables_end(out);
}

static void other_row(struct buf *out, const struct profile *other)
{
	head(out, "Compared with");
	html_name(out, profile_text(other, other->about.target));
	buf_str(out, ", ");
	html_when(out, other->about.begin_wall_ns);
	buf_str(out, ", ");
	html_seconds(out, other->about.duration_ns);
	tables_end(out);
}

void html_about(struct buf *out, const struct profile *p, const struct profile *other)
{
	buf_str(out, "<table class=\"pairs\"><caption>Session</caption>\n");
	name_row(out, p, "Target", p->about.target);
	head(out, "When");
	html_when(out, p->about.begin_wall_ns);
	tables_end(out);
	head(out, "Duration");
	html_seconds(out, p->about.duration_ns);
	tables_end(out);
	head(out, "Sampled at");
	buf_printf(out, "%u Hz, %u CPUs", p->about.hz, p->about.cpus);
	tables_end(out);
	name_row(out, p, "Host", p->about.host);
	name_row(out, p, "Kernel", p->about.kernel);
	name_row(out, p, "vigie", p->about.version);
	name_row(out, p, "Command", p->about.command);
	head(out, "Ended because");
	buf_str(out, profile_stop_name(p->quality.stopped_early));
	tables_end(out);
	if (other)
		other_row(out, other);
	buf_str(out, "</table>\n");
}

/* --- Totals. */

struct totals {
	struct buf *out;
	struct sums now, before;
	bool compare;
};

static void time_row(struct totals *t, const char *title, __u64 now, __u64 before)
{
	head(t->out, title);
	html_seconds(t->out, now);
	tables_next(t->out);
	html_percent(t->out, now, t->now.wall_ns);
	if (t->compare) {
		tables_next(t->out);
		html_seconds(t->out, before);
		tables_next(t->out);
		html_percent(t->out, before, t->before.wall_ns);
	}
	tables_end(t->out);
}

static void off_rows(struct totals *t)
{
	char title[64];
	int i;

	time_row(t, "blocked", off_ns(t->now.off_ns), off_ns(t->before.off_ns));
	for (i = 0; i < VIGIE_WAITS; i++) {
		if (!t->now.off_count[i] && !t->before.off_count[i] && !t->now.off_ns[i] &&
		    !t->before.off_ns[i])
			continue;
		snprintf(title, sizeof(title), "– %s", profile_wait_name(i));
		time_row(t, title, t->now.off_ns[i], t->before.off_ns[i]);
	}
}

static void fault_row(struct totals *t)
{
	head(t->out, "page faults");
	buf_u64(t->out, t->now.faults);
	tables_next(t->out);
	if (t->compare) {
		tables_next(t->out);
		buf_u64(t->out, t->before.faults);
		tables_next(t->out);
	}
	tables_end(t->out);
}

void html_totals(struct buf *out, const struct profile *p, const struct profile *other)
{
	struct totals t = { .out = out, .now = sums_of(p), .compare = other };

	if (other)
		t.before = sums_of(other);
	buf_str(out,
		"<table class=\"pairs numbers\"><caption>Exact totals over threads</caption>\n");
	if (other)
		buf_str(out, "<tr><th></th><th colspan=\"2\">this</th>"
			     "<th colspan=\"2\">compared with</th></tr>\n");
	time_row(&t, "threads lived", t.now.wall_ns, t.before.wall_ns);
	time_row(&t, "on a CPU", t.now.cpu_ns, t.before.cpu_ns);
	time_row(&t, "waited for a CPU", t.now.wait_ns, t.before.wait_ns);
	off_rows(&t);
	fault_row(&t);
	buf_str(out, "</table>\n");
}

/* --- Quality. */

static void count_row(struct buf *out, const char *group, const char *what, __u64 n)
{
	buf_str(out, "<tr><th scope=\"row\">");
	buf_str(out, group);
	html_escape(out, what);
	buf_str(out, "</th><td>");
	buf_u64(out, n);
	tables_end(out);
}

static void stack_rows(struct buf *out, const struct profile_quality *q)
{
	static const char *const words[VIGIE_STACK_KINDS] = {
		[VIGIE_STACK_ON_CPU] = "on a CPU",
		[VIGIE_STACK_ASLEEP] = "asleep",
		[VIGIE_STACK_FAULT] = "at a page fault",
		[VIGIE_STACK_WAKER] = "of wakers",
	};
	int i;

	for (i = 0; i < VIGIE_STACK_KINDS; i++)
		count_row(out, "stacks ", words[i], q->stacks[i]);
}

static void lost_rows(struct buf *out, const struct profile_quality *q)
{
	static const char *const words[VIGIE_SESSION_LOSSES] = {
		[VIGIE_SESSION_LOST_RING] = "stacks, ring buffer full",
		[VIGIE_SESSION_LOST_THREADS] = "threads without books",
		[VIGIE_SESSION_LOST_CULPRITS] = "ns of waiting, too many culprits",
		[VIGIE_SESSION_LOST_WAKES] = "ns of waiting, too many wakers",
		[VIGIE_SESSION_LOST_TARGETS] = "children, too many processes",
	};
	__u64 sum = 0;
	int i;

	for (i = 0; i < VIGIE_SESSION_LOSSES; i++) {
		sum += q->lost[i];
		if (q->lost[i])
			count_row(out, "lost: ", words[i], q->lost[i]);
	}
	if (!sum)
		count_row(out, "lost", "", 0);
}

static void incomplete_rows(struct buf *out, const struct profile_quality *q)
{
	__u64 sum = 0;
	int i;

	for (i = 0; i < PROFILE_INCOMPLETES; i++)
		sum += q->incomplete[i];
	count_row(out, "incomplete stacks", "", sum);
	for (i = 0; i < PROFILE_INCOMPLETES; i++)
		if (q->incomplete[i])
			count_row(out, "– ", profile_incomplete_name(i), q->incomplete[i]);
}

void html_quality(struct buf *out, const struct profile *p)
{
	const struct profile_quality *q = &p->quality;

	buf_str(out, "<table class=\"pairs numbers\"><caption>Quality</caption>\n");
	stack_rows(out, q);
	lost_rows(out, q);
	incomplete_rows(out, q);
	count_row(out, "frames to name", "", q->names_wanted);
	count_row(out, "frames named", "", q->names_found);
	if (q->lines_wanted) {
		count_row(out, "source lines to look at", "", q->lines_wanted);
		count_row(out, "source lines looked at", "", q->lines_looked);
		count_row(out, "source lines found", "", q->lines_found);
	}
	if (q->pointers)
		count_row(out, "stacks by frame pointers", "", q->pointers);
	if (q->reader_restarts)
		count_row(out, "reader restarts", "", q->reader_restarts);
	if (q->hangs)
		count_row(out, "hung at the targets' files or memory", "", q->hangs);
	head(out, "cost, user space");
	html_seconds(out, q->cpu_ns);
	tables_end(out);
	if (q->probe_runs) {
		head(out, "cost, probes");
		html_seconds(out, q->probe_ns);
		tables_end(out);
	}
	buf_str(out, "</table>\n");
}

/* --- Threads. */

static __u64 weight(const struct profile_thread *t)
{
	return t->cpu_ns + t->wait_ns;
}

/* Who ran or wanted to run comes first; then who lived longest. */
static int by_weight(const void *a, const void *b)
{
	const struct profile_thread *s = *(const struct profile_thread *const *)a;
	const struct profile_thread *t = *(const struct profile_thread *const *)b;

	if (weight(s) != weight(t))
		return weight(s) < weight(t) ? 1 : -1;
	if (s->wall_ns != t->wall_ns)
		return s->wall_ns < t->wall_ns ? 1 : -1;
	return s < t ? -1 : s > t;
}

/* What it was blocked for, the longest first. */
static void reasons(struct buf *out, const __u64 *off, const __u64 *count)
{
	bool told[VIGIE_WAITS] = { false };
	int i, best, n;

	for (n = 0; n < VIGIE_WAITS; n++) {
		best = -1;
		for (i = 0; i < VIGIE_WAITS; i++)
			if (!told[i] && off[i] && (best < 0 || off[i] > off[best]))
				best = i;
		if (best < 0)
			return;
		told[best] = true;
		buf_str(out, n ? "; " : "");
		buf_str(out, profile_wait_name(best));
		buf_char(out, ' ');
		html_seconds(out, off[best]);
		buf_printf(out, " (%llu×)", count[best]);
	}
}

static void sums_cells(struct buf *out, const struct sums *s)
{
	html_seconds(out, s->wall_ns);
	tables_next(out);
	html_seconds(out, s->cpu_ns);
	tables_next(out);
	html_seconds(out, s->wait_ns);
	tables_next(out);
	html_seconds(out, off_ns(s->off_ns));
	tables_next(out);
	buf_u64(out, s->faults);
	buf_str(out, "</td><td class=\"words\">");
	reasons(out, s->off_ns, s->off_count);
	tables_end(out);
}

static void thread_row(struct buf *out, const struct profile *p, const struct profile_thread *t)
{
	const struct profile_process *process = &p->processes[t->process];
	struct sums sums = { 0 };

	sums_add(&sums, t);
	buf_str(out, "<tr><th scope=\"row\">");
	html_name(out, profile_text(p, t->comm));
	buf_printf(out, "%s</th><td>%u</td><td class=\"words\">", t->exited ? " (exited)" : "",
		   t->tid);
	html_name(out, profile_text(p, process->comm));
	buf_printf(out, " (%u)", process->pid);
	tables_next(out);
	sums_cells(out, &sums);
}

static void rest_row(struct buf *out, const struct profile_thread **order, __u32 n)
{
	struct sums sums = { 0 };
	__u32 i;

	for (i = 0; i < n; i++)
		sums_add(&sums, order[i]);
	buf_printf(out, "<tr><th scope=\"row\">(%u others)</th><td></td><td></td><td>", n);
	sums_cells(out, &sums);
}

void html_threads(struct buf *out, const struct profile *p)
{
	const struct profile_thread **order = calloc((size_t)p->nthreads + 1, sizeof(*order));
	__u32 i;

	if (!order) {
		out->err = out->err ? out->err : -ENOMEM;
		return;
	}
	for (i = 0; i < p->nthreads; i++)
		order[i] = &p->threads[i];
	qsort(order, p->nthreads, sizeof(*order), by_weight);
	buf_str(out, "<div class=\"wide\"><table class=\"numbers\" id=\"threads\"><thead><tr>"
		     "<th>Thread</th><th>tid</th><th>Process</th><th>lived</th><th>on a CPU</th>"
		     "<th>waited for a CPU</th><th>blocked</th><th>faults</th><th>blocked for</th>"
		     "</tr></thead><tbody>\n");
	for (i = 0; i < p->nthreads && i < THREADS_MAX; i++)
		thread_row(out, p, order[i]);
	if (i < p->nthreads)
		rest_row(out, order + i, p->nthreads - i);
	buf_str(out, "</tbody></table></div>\n");
	free(order);
}
