// SPDX-License-Identifier: GPL-2.0-only
/* profile_text.c - owns the summary of a session for a terminal. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "export/profile_formats.h"
#include "export/profile_rank.h"
#include "export/profile_walk.h"

enum { NAME_MAX_SHOWN = 256 };

struct page {
	struct buf *out;
	const struct profile *p;
	const struct profile_text_options *options;
	__u64 wall_ns, cpu_ns, wait_ns, off_ns[VIGIE_WAITS];
};

static void title(const struct page *page, const char *text, const char *columns)
{
	buf_printf(page->out, "\n%s%-44s%s%s\n", page->options->colour ? "\033[1m" : "", text,
		   columns, page->options->colour ? "\033[0m" : "");
}

static double percent(__u64 part, __u64 whole)
{
	return whole ? 100.0 * part / whole : 0;
}

/* In the unit that keeps three or four digits before the eye. */
static const char *seconds(__u64 ns, char *dst, size_t size)
{
	if (ns >= 1000000000)
		snprintf(dst, size, "%.2f s", ns / 1e9);
	else if (ns >= 1000000)
		snprintf(dst, size, "%.2f ms", ns / 1e6);
	else
		snprintf(dst, size, "%.1f us", ns / 1e3);
	return dst;
}

/* Cut in the middle of nothing: UTF-8 stays whole, and what was cut shows. */
static const char *fit(const char *name, size_t columns, char *dst, size_t size)
{
	size_t len = strlen(name), most = columns < size - 4 ? columns : size - 4;

	if (len <= most) {
		snprintf(dst, size, "%s", name);
		return dst;
	}
	for (most--; most && ((unsigned char)name[most] & 0xc0) == 0x80;)
		most--;
	snprintf(dst, size, "%.*s…", (int)most, name);
	return dst;
}

static void add_up(struct page *page)
{
	const struct profile *p = page->p;
	__u32 i, why;

	for (i = 0; i < p->nthreads; i++) {
		page->wall_ns += p->threads[i].wall_ns;
		page->cpu_ns += p->threads[i].cpu_ns;
		page->wait_ns += p->threads[i].wait_ns;
		for (why = 0; why < VIGIE_WAITS; why++)
			page->off_ns[why] += p->threads[i].off_ns[why];
	}
}

static void head(const struct page *page)
{
	const struct profile_about *about = &page->p->about;
	char target[NAME_MAX_SHOWN], host[NAME_MAX_SHOWN], kernel[NAME_MAX_SHOWN], when[64];
	time_t begin = about->begin_wall_ns / 1000000000;
	struct tm tm;

	gmtime_r(&begin, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	buf_printf(page->out, "%s on %s, %s\n",
		   profile_clean(page->p, about->target, target, sizeof(target)),
		   profile_clean(page->p, about->host, host, sizeof(host)), when);
	buf_printf(page->out, "%.2f s at %u Hz, %u processes, %u threads, %u CPUs, kernel %s\n",
		   about->duration_ns / 1e9, about->hz, page->p->nprocesses, page->p->nthreads,
		   about->cpus, profile_clean(page->p, about->kernel, kernel, sizeof(kernel)));
}

static void time_row(const struct page *page, const char *name, __u64 ns)
{
	char shown[32];

	if (ns)
		buf_printf(page->out, "  %-42s%12s%9.1f %%\n", name,
			   seconds(ns, shown, sizeof(shown)), percent(ns, page->wall_ns));
}

static void times(const struct page *page)
{
	char name[64];
	__u32 order[VIGIE_WAITS], i, j;

	title(page, "WHERE THE THREADS' TIME WENT", "        time      share");
	time_row(page, "on a CPU", page->cpu_ns);
	time_row(page, "waiting for a CPU", page->wait_ns);
	for (i = 0; i < VIGIE_WAITS; i++) {
		for (j = i; j && page->off_ns[order[j - 1]] < page->off_ns[i]; j--)
			order[j] = order[j - 1];
		order[j] = i;
	}
	for (i = 0; i < VIGIE_WAITS; i++) {
		snprintf(name, sizeof(name), "blocked: %s", profile_wait_name(order[i]));
		time_row(page, name, page->off_ns[order[i]]);
	}
}

static void functions(const struct page *page, const struct rank *r, const char *what)
{
	char shown[NAME_MAX_SHOWN];
	__u32 i;

	if (!r->sum)
		return;
	title(page, what, "        self      total");
	for (i = 0; i < r->n && i < page->options->top; i++)
		buf_printf(page->out, "  %10.1f %%%9.1f %%   %s\n",
			   percent(r->rows[i].self, r->sum), percent(r->rows[i].total, r->sum),
			   fit(r->rows[i].name, page->options->width - 27, shown, sizeof(shown)));
}

static void shares(const struct page *page, const struct rank *r, const char *what)
{
	char shown[NAME_MAX_SHOWN], time[32];
	__u32 i;

	if (!r->sum)
		return;
	title(page, what, "        time      share");
	for (i = 0; i < r->n && i < page->options->top; i++)
		buf_printf(page->out, "  %12s%9.1f %%   %s\n",
			   seconds(r->rows[i].self, time, sizeof(time)),
			   percent(r->rows[i].self, r->sum),
			   fit(r->rows[i].name, page->options->width - 28, shown, sizeof(shown)));
}

static int tables(const struct page *page)
{
	struct rank cpu, waits, runq, wakers, faults;
	int err;

	rank_init(&cpu);
	rank_init(&waits);
	rank_init(&runq);
	rank_init(&wakers);
	rank_init(&faults);
	err = rank_functions(&cpu, page->p);
	if (!err)
		err = rank_waits(&waits, page->p);
	if (!err)
		err = rank_parties(&runq, page->p, PROFILE_RUN_QUEUE);
	if (!err)
		err = rank_parties(&wakers, page->p, PROFILE_WAKERS);
	if (!err)
		err = rank_faults(&faults, page->p);
	if (!err) {
		functions(page, &cpu, "FUNCTIONS ON A CPU");
		shares(page, &waits, "WHAT IT WAITED FOR, AND WHERE");
		shares(page, &runq, "WHO RAN WHILE IT WAITED FOR A CPU");
		shares(page, &wakers, "WHO ENDED ITS WAITS");
		functions(page, &faults, "WHERE MEMORY WAS FIRST TOUCHED");
	}
	rank_done(&cpu);
	rank_done(&waits);
	rank_done(&runq);
	rank_done(&wakers);
	rank_done(&faults);
	return err;
}

static void incompletes(const struct page *page, __u64 stacks)
{
	const struct profile_quality *q = &page->p->quality;
	__u64 all = 0;
	int i;

	for (i = 0; i < PROFILE_INCOMPLETES; i++)
		all += q->incomplete[i];
	buf_printf(page->out, "  %.2f %% do not reach the thread's first function",
		   percent(all, stacks));
	for (i = 0; i < PROFILE_INCOMPLETES; i++)
		if (q->incomplete[i])
			buf_printf(page->out, "; %s: %llu", profile_incomplete_name(i),
				   (unsigned long long)q->incomplete[i]);
	buf_char(page->out, '\n');
}

static void losses(const struct page *page)
{
	static const char *const names[VIGIE_SESSION_LOSSES] = {
		"stacks (ring full)", "threads", "ns of culprits", "ns of wakers", "children",
	};
	const struct profile_quality *q = &page->p->quality;
	int i;

	buf_str(page->out, "  lost:");
	for (i = 0; i < VIGIE_SESSION_LOSSES; i++)
		if (q->lost[i])
			buf_printf(page->out, " %llu %s;", (unsigned long long)q->lost[i],
				   names[i]);
	if (page->out->len && page->out->data[page->out->len - 1] == ';')
		page->out->len--;
	else
		buf_str(page->out, " nothing");
	if (q->reader_restarts)
		buf_printf(page->out, "; the reader of foreign files died %llu times",
			   (unsigned long long)q->reader_restarts);
	buf_char(page->out, '\n');
}

static void quality(const struct page *page)
{
	const struct profile_quality *q = &page->p->quality;
	__u64 stacks = q->stacks[0] + q->stacks[1] + q->stacks[2];

	title(page, "HOW GOOD THIS IS", "");
	buf_printf(page->out, "  %llu stacks on a CPU, %llu asleep, %llu of faults\n",
		   (unsigned long long)q->stacks[VIGIE_STACK_ON_CPU],
		   (unsigned long long)q->stacks[VIGIE_STACK_ASLEEP],
		   (unsigned long long)q->stacks[VIGIE_STACK_FAULT]);
	incompletes(page, stacks);
	losses(page);
	buf_printf(page->out,
		   "  named: %llu of %llu functions; cost: %.2f %% of a core; ended: %s\n",
		   (unsigned long long)q->names_found, (unsigned long long)q->names_wanted,
		   percent(q->cpu_ns, page->p->about.duration_ns),
		   profile_stop_name(q->stopped_early));
}

/* --- Beside an earlier session: points of share on a CPU. --------------------------------- */

static int by_change(const void *a, const void *b)
{
	const struct rank_row *x = a, *y = b;
	double p = (double)x->total - (double)x->self, q = (double)y->total - (double)y->self;

	if (p < 0)
		p = -p;
	if (q < 0)
		q = -q;
	return p > q ? -1 : p < q ? 1 : strcmp(x->name, y->name);
}

/* self: share before, total: share now, both in millionths. */
static int changes(const struct page *page, const struct profile *before)
{
	char shown[NAME_MAX_SHOWN];
	struct rank now, then, both;
	__u32 i;
	int err;

	rank_init(&now);
	rank_init(&then);
	rank_init(&both);
	err = rank_functions(&now, page->p);
	if (!err)
		err = rank_functions(&then, before);
	for (i = 0; i < then.n && !err; i++)
		err = rank_add(&both, then.rows[i].name, 1e4 * percent(then.rows[i].self, then.sum),
			       0, 1);
	for (i = 0; i < now.n && !err; i++)
		err = rank_add(&both, now.rows[i].name, 0, 1e4 * percent(now.rows[i].self, now.sum),
			       2);
	if (!err && both.n) {
		qsort(both.rows, both.n, sizeof(*both.rows), by_change);
		title(page, "WHAT CHANGED ON A CPU, SELF", "before        now");
	}
	for (i = 0; i < both.n && i < page->options->top && !err; i++)
		buf_printf(page->out, "  %10.1f %%%9.1f %%   %+6.1f   %s\n",
			   both.rows[i].self / 1e4, both.rows[i].total / 1e4,
			   ((double)both.rows[i].total - (double)both.rows[i].self) / 1e4,
			   fit(both.rows[i].name, page->options->width - 36, shown, sizeof(shown)));
	rank_done(&now);
	rank_done(&then);
	rank_done(&both);
	return err;
}

void profile_text_encode(struct buf *out, const struct profile *p, const struct profile *before,
			 const struct profile_text_options *options)
{
	struct page page = { .out = out, .p = p, .options = options };
	int err;

	add_up(&page);
	head(&page);
	times(&page);
	err = before ? changes(&page, before) : 0;
	if (!err)
		err = tables(&page);
	quality(&page);
	if (err && !out->err)
		out->err = err;
}
