// SPDX-License-Identifier: GPL-2.0-only
/*
 * text.c - a profiling session for a person: one screen that says where the time went,
 * which functions took it, who was waited for, and how far all of it can be trusted.
 *
 * Owns: the sections and their layout. Times by reason are the threads' exact books, not the
 * samples. Not here: sums by function or party (tally.c), the quality (trust.c).
 */
#include "report/formats.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/screen.h"
#include "report/tally.h"

/* POINTS_LEAST: millionths of a sum; less would be shown as 0.0. */
enum {
	REASONS_SHOWN = 6,
	BAR = 30,
	NAME_WIDTH = 20,
	WAITS_SHOWN = 4,
	PARTIES_SHOWN = 4,
	FAULTS_SHOWN = 2,
	RELATIONS_SHOWN = 6,
	CHAINS_SHOWN = 4,
	WOKEN_SHOWN = 3,
	POINTS_LEAST = 500
};

static bool text_wants(const struct screen *s, enum profile_view view)
{
	return s->views & 1U << view;
}

/* Of a table that has so many by default. */
static unsigned int text_rows(const struct screen *s, unsigned int shown)
{
	return (shown * s->top + SCREEN_TOP - 1) / SCREEN_TOP;
}

/* --- Header. */

static void text_header(struct screen *s)
{
	const struct profile_about *about = &s->p->about;

	screen_printf(s, "vigie profile: %s", profile_walk_text(&s->walk, about->target));
	screen_title(s);
	screen_printf(s, "%.1f s at %u Hz, %u thread%s of %u process%s, %u CPU%s",
		      (double)about->duration_ns / 1e9, about->hz, s->p->nthreads,
		      s->p->nthreads == 1 ? "" : "s", s->p->nprocesses,
		      s->p->nprocesses == 1 ? "" : "es", about->cpus, about->cpus == 1 ? "" : "s");
	if (about->kernel)
		screen_printf(s, ", kernel %s", profile_walk_text(&s->walk, about->kernel));
	if (about->host)
		screen_printf(s, ", host %s", profile_walk_text(&s->walk, about->host));
	screen_line(s);
	if (!s->other)
		return;
	screen_printf(s, "compared with: %s, %.1f s",
		      profile_walk_text(&s->other_walk, s->other->about.target),
		      (double)s->other->about.duration_ns / 1e9);
	screen_line(s);
}

/* --- Where the time went. */

/* Sums over all threads. */
struct cpu_balance {
	__u64 wall_ns, cpu_ns, wait_ns, rest_ns;
	__u64 off_ns[VIGIE_WAITS];
};

static void add_times(struct cpu_balance *b, const struct profile *p)
{
	const struct profile_thread *t = p->threads, *end = t + p->nthreads;
	__u64 known;
	int i;

	for (; t < end; t++) {
		b->wall_ns += t->wall_ns;
		b->cpu_ns += t->cpu_ns;
		b->wait_ns += t->wait_ns;
		known = t->cpu_ns + t->wait_ns;
		for (i = 0; i < VIGIE_WAITS; i++) {
			b->off_ns[i] += t->off_ns[i];
			known += t->off_ns[i];
		}
		b->rest_ns += known < t->wall_ns ? t->wall_ns - known : 0;
	}
}

struct both {
	struct cpu_balance now, before;
};

static void time_row(struct screen *s, const struct both *b, const char *name, __u64 now,
		     __u64 before)
{
	double share = screen_percent(now, b->now.wall_ns);
	double was = screen_percent(before, b->before.wall_ns);
	int bar = share < 100 ? (int)(share / 100 * BAR + 0.5) : BAR; /* a file may say anything */

	screen_printf(s, "  ");
	screen_cell(s, name, NAME_WIDTH);
	screen_printf(s, " %11.3f s %6.1f%%", (double)now / 1e9, share);
	if (s->other)
		screen_printf(s, "  was %5.1f%%  %+6.1f", was, share - was);
	else
		screen_printf(s, "  %.*s", bar, "##############################");
	screen_line(s);
}

/* The reasons, most time first. */
static void order_reasons(const struct both *b, unsigned int order[VIGIE_WAITS])
{
	unsigned int i, j, reason;
	__u64 ns;

	for (i = 0; i < VIGIE_WAITS; i++) {
		reason = i;
		ns = b->now.off_ns[i] + b->before.off_ns[i];
		for (j = i; j && b->now.off_ns[order[j - 1]] + b->before.off_ns[order[j - 1]] < ns;
		     j--)
			order[j] = order[j - 1];
		order[j] = reason;
	}
}

static void reason_rows(struct screen *s, const struct both *b)
{
	unsigned int order[VIGIE_WAITS], i, folded = 0, last = 0;
	__u64 now = 0, before = 0;
	char name[32];

	order_reasons(b, order);
	for (i = 0; i < VIGIE_WAITS; i++) {
		if (!(b->now.off_ns[order[i]] | b->before.off_ns[order[i]]))
			break;
		if (i < REASONS_SHOWN) {
			time_row(s, b, profile_wait_name(order[i]), b->now.off_ns[order[i]],
				 b->before.off_ns[order[i]]);
			continue;
		}
		now += b->now.off_ns[order[i]];
		before += b->before.off_ns[order[i]];
		last = order[i];
		folded++;
	}
	snprintf(name, sizeof(name), "%u other reasons", folded);
	if (folded)
		time_row(s, b, folded == 1 ? profile_wait_name(last) : name, now, before);
}

static void time_section(struct screen *s)
{
	bool off = s->p->about.views >> PROFILE_OFF_CPU & 1;
	struct both b = { 0 };

	add_times(&b.now, s->p);
	if (s->other)
		add_times(&b.before, s->other);
	screen_blank(s);
	screen_printf(s, "WHERE THE TIME WENT, %% of the %.3f s that %u threads lived",
		      (double)b.now.wall_ns / 1e9, s->p->nthreads);
	screen_title(s);
	time_row(s, &b, "on a CPU", b.now.cpu_ns, b.before.cpu_ns);
	time_row(s, &b, "run queue", b.now.wait_ns, b.before.wait_ns);
	reason_rows(s, &b);
	if (screen_percent(b.now.rest_ns, b.now.wall_ns) >= 0.05)
		time_row(s, &b, off ? "not accounted for" : "not on a CPU", b.now.rest_ns,
			 b.before.rest_ns);
}

/* --- Lists. */

struct list {
	const char *title;
	const struct profile_tally *tally;
	__u32 *order;
	__u32 n; /* rows that say something */
	size_t tag_width; /* of what stands before a label's tab */
	bool seconds; /* there is room for them */
	enum { SHOW_SELF, SHOW_TOTAL, SHOW_POINTS } show;
};

static size_t tag_len(const char *label)
{
	const char *tab = strchr(label, '\t');

	return tab ? tab - label : 0;
}

static void list_init(struct screen *s, struct list *l, const char *title,
		      const struct profile_tally *t, profile_tally_key key, unsigned int rows)
{
	__s64 least = 1;
	size_t len;

	*l = (struct list){ .title = title, .tally = t };
	l->show = key == profile_tally_by_self	  ? SHOW_SELF
		  : key == profile_tally_by_total ? SHOW_TOTAL
						  : SHOW_POINTS;
	if (l->show == SHOW_POINTS)
		least = POINTS_LEAST;
	screen_fail(s, t->err);
	l->order = t->err ? NULL : profile_tally_order(t, key);
	if (!l->order) {
		screen_fail(s, -ENOMEM);
		return;
	}
	for (; l->n < t->labels.n && l->n < rows; l->n++) {
		if (key(t, &t->rows[l->order[l->n]]) < least)
			break;
		len = tag_len(intern_at(&t->labels, l->order[l->n]));
		l->tag_width = len > l->tag_width ? len : l->tag_width;
	}
}

static void list_done(struct list *l)
{
	free(l->order);
}

/* "12.3%  name" or "+12.3  name"; a tab of a label is where its columns meet. */
static void list_cell(struct screen *s, const struct list *l, __u32 i, size_t width)
{
	const struct profile_tally *t = l->tally;
	const struct profile_tally_row *row = &t->rows[l->order[i]];
	const char *label = intern_at(&t->labels, l->order[i]);
	__u64 value = l->show == SHOW_TOTAL ? row->total[PROFILE_NOW] : row->self[PROFILE_NOW];
	size_t begin = s->line.len, tag = l->tag_width < width / 3 ? l->tag_width : width / 3;
	size_t used;

	if (l->show == SHOW_POINTS)
		screen_printf(s, "  %+6.1f  ", (double)profile_tally_by_growth(t, row) / 1e4);
	else
		screen_printf(s, "  %5.1f%%  ", screen_percent(value, t->sum[PROFILE_NOW]));
	if (l->seconds)
		screen_printf(s, "%9.3f s  ", (double)value / 1e9);
	if (tag)
		screen_cut(s, label, tag_len(label), tag);
	if (strchr(label, '\t'))
		label += tag_len(label) + 1;
	used = s->line.len - begin;
	screen_cell(s, label, width > used ? width - used : 1);
}

/* Two lists, side by side; one without rows gives its half to the other. */
static void two_lists(struct screen *s, const struct list *left, const struct list *right)
{
	bool two = left->n && right->n;
	const struct list *one = left->n ? left : right;
	size_t half = (s->width - 1) / 2;
	__u32 i, n = left->n > right->n ? left->n : right->n;

	if (!n)
		return;
	screen_blank(s);
	screen_cell(s, one->title, two ? half : s->width);
	if (two)
		screen_printf(s, " %s", right->title);
	screen_title(s);
	for (i = 0; i < n; i++) {
		if (i < one->n)
			list_cell(s, one, i, two ? half : s->width);
		else
			screen_cell(s, "", half);
		if (two && i < right->n) {
			screen_printf(s, " ");
			list_cell(s, right, i, s->width - half - 1);
		}
		screen_line(s);
	}
}

typedef void tally_fn(struct profile_tally *t, struct profile_walk *w, enum profile_view view,
		      enum profile_tally_when when);

static void tally(struct screen *s, struct profile_tally *t, tally_fn *fn, enum profile_view view)
{
	profile_tally_init(t);
	fn(t, &s->walk, view, PROFILE_NOW);
	if (s->other)
		fn(t, &s->other_walk, view, PROFILE_BEFORE);
}

static void two_sorted(struct screen *s, const struct profile_tally *t, const char *titles[2],
		       profile_tally_key left_key, profile_tally_key right_key, unsigned int rows)
{
	struct list left, right;

	list_init(s, &left, titles[0], t, left_key, rows);
	list_init(s, &right, titles[1], t, right_key, rows);
	if (!s->err)
		two_lists(s, &left, &right);
	list_done(&left);
	list_done(&right);
}

static void function_section(struct screen *s)
{
	static const char *titles[] = { "FUNCTIONS, % of CPU time: their own",
					"with what they call" };
	static const char *changes[] = { "FUNCTIONS THAT GREW, points of CPU time",
					 "FUNCTIONS THAT SHRANK, points of CPU time" };
	struct profile_tally t;

	tally(s, &t, profile_tally_functions, PROFILE_CPU);
	if (s->other)
		two_sorted(s, &t, changes, profile_tally_by_growth, profile_tally_by_loss, s->top);
	else
		two_sorted(s, &t, titles, profile_tally_by_self, profile_tally_by_total, s->top);
	profile_tally_done(&t);
}

static void place_section(struct screen *s, tally_fn *fn, enum profile_view view, const char *title,
			  const char *changes[2], unsigned int rows)
{
	struct list list, none = { 0 };
	struct profile_tally t;

	tally(s, &t, fn, view);
	if (s->other) {
		two_sorted(s, &t, changes, profile_tally_by_growth, profile_tally_by_loss, rows);
	} else {
		list_init(s, &list, title, &t, profile_tally_by_self, rows);
		list.seconds = view != PROFILE_FAULTS;
		if (!s->err)
			two_lists(s, &list, &none);
		list_done(&list);
	}
	profile_tally_done(&t);
}

static void wait_section(struct screen *s)
{
	static const char *changes[] = { "WAITS THAT GREW, points of off-CPU time",
					 "WAITS THAT SHRANK, points of off-CPU time" };

	place_section(s, profile_tally_places, PROFILE_OFF_CPU,
		      "WAITS, % of off-CPU time: reason, function", changes,
		      text_rows(s, WAITS_SHOWN));
}

static void fault_section(struct screen *s)
{
	static const char *changes[] = { "FIRST TOUCHED MORE, points of bytes",
					 "FIRST TOUCHED LESS, points of bytes" };
	char title[64], bytes[16];
	__u64 sum = 0;
	__u32 i;

	for (i = 0; i < s->p->nsamples; i++)
		if (s->p->samples[i].view == PROFILE_FAULTS)
			sum += s->p->samples[i].value;
	text_bytes(bytes, sizeof(bytes), sum);
	snprintf(title, sizeof(title), "MEMORY FIRST TOUCHED, %% of %s", bytes);
	place_section(s, profile_tally_places, PROFILE_FAULTS, title, changes,
		      text_rows(s, FAULTS_SHOWN));
}

static void party_section(struct screen *s)
{
	struct profile_tally culprits, wakers;
	struct list left, right;

	profile_tally_init(&culprits);
	if (text_wants(s, PROFILE_RUN_QUEUE))
		profile_tally_tags(&culprits, &s->walk, PROFILE_RUN_QUEUE, PROFILE_NOW);
	profile_tally_init(&wakers);
	if (text_wants(s, PROFILE_WAKERS))
		profile_tally_tags(&wakers, &s->walk, PROFILE_WAKERS, PROFILE_NOW);
	list_init(s, &left, "WHO RAN MEANWHILE, % of run-queue time", &culprits,
		  profile_tally_by_self, text_rows(s, PARTIES_SHOWN));
	list_init(s, &right, "WHO ENDED WAITS, % of off-CPU time", &wakers, profile_tally_by_self,
		  text_rows(s, PARTIES_SHOWN));
	if (!s->err)
		two_lists(s, &left, &right);
	list_done(&left);
	list_done(&right);
	profile_tally_done(&culprits);
	profile_tally_done(&wakers);
}

/* Steal is the host's figure, of all CPUs: beside the rows, in no sum. */
static void relation_section(struct screen *s)
{
	static const char *changes[] = { "RAN MORE FROM, points of run-queue time",
					 "RAN LESS FROM, points of run-queue time" };
	size_t before = s->out->len;

	place_section(s, profile_tally_relations, PROFILE_RUN_QUEUE,
		      "WHERE WHO RAN BELONGS, % of run-queue time", changes, RELATIONS_SHOWN);
	if (s->out->len == before || !s->p->beside.has_steal)
		return;
	screen_printf(s, "  beside it  %9.3f s  stolen by the hypervisor from all CPUs",
		      (double)s->p->beside.steal_ns / 1e9);
	screen_line(s);
}

static void woken_section(struct screen *s)
{
	static const char *changes[] = { "WOKEN MORE FROM, points of off-CPU time",
					 "WOKEN LESS FROM, points of off-CPU time" };

	place_section(s, profile_tally_places, PROFILE_WAKERS,
		      "WOKEN FROM, % of off-CPU time: waker, its function", changes,
		      text_rows(s, WOKEN_SHOWN));
}

static void chain_section(struct screen *s)
{
	static const char *changes[] = { "CHAINS THAT GREW, points of off-CPU time",
					 "CHAINS THAT SHRANK, points of off-CPU time" };

	place_section(s, profile_tally_chains, PROFILE_WAKERS,
		      "WAITED FOR IN THE END, % of off-CPU time: thread, why < whom: why < whom",
		      changes, text_rows(s, CHAINS_SHOWN));
}

void profile_text_encode(struct buf *out, const struct profile *p, const struct profile *other,
			 const struct profile_text_options *o)
{
	struct screen s;

	if (!screen_init(&s, out, p, other, o)) {
		text_header(&s);
		time_section(&s);
		if (text_wants(&s, PROFILE_CPU))
			function_section(&s);
		if (text_wants(&s, PROFILE_OFF_CPU))
			wait_section(&s);
		if (text_wants(&s, PROFILE_FAULTS))
			fault_section(&s);
		if (text_wants(&s, PROFILE_RUN_QUEUE) || text_wants(&s, PROFILE_WAKERS))
			party_section(&s);
		if (text_wants(&s, PROFILE_RUN_QUEUE))
			relation_section(&s);
		if (text_wants(&s, PROFILE_WAKERS)) {
			woken_section(&s);
			chain_section(&s);
		}
		screen_trust(&s);
	}
	screen_done(&s);
}
