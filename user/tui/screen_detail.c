// SPDX-License-Identifier: GPL-2.0-only
/*
 * screen_detail.c - owns one row in full: where its time went, who delayed it, whom it delayed, its
 * findings, its memory.
 */
#include "tui/screen_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/when.h"
#include "data/host_lines.h"
#include "data/text_cells.h"

enum { LABEL_WIDTH = 26, BAR_WIDTH = 40, PEOPLE = 5, TIMES = 7 };

struct detail {
	struct drawing *d;
	const struct group_view *group;
	char name[TUI_ROW_NAME];
	__u64 row; /* in the trail */
	unsigned int y, end;
};

static void detail_line(struct detail *t, enum ink ink)
{
	if (t->y < t->end)
		draw_line(t->d, t->y++, ink);
	else
		buf_clear(&t->d->line);
}

static void detail_title(struct detail *t, const char *text)
{
	buf_str(&t->d->line, text);
	detail_line(t, INK_STRONG);
}

static void say_who(struct detail *t)
{
	const struct group_view *g = t->group;
	const struct view *view = t->d->frame->view;
	struct buf *line = &t->d->line;
	char began[20];

	buf_str(line, t->name);
	buf_printf(line, ": %u process%s, %u thread%s", g->processes, g->processes == 1 ? "" : "es",
		   g->threads, g->threads == 1 ? "" : "s");
	if (g->pid) {
		when_format(list_start_unix_ns(view, g), began);
		buf_printf(line, ", parent %u, uid %u, began %s", g->ppid, g->uid, began);
	}
	detail_line(t, INK_STRONG);
}

/* --- Where its time went. */

static void time_line(struct detail *t, const char *what, __u64 ns, __u64 whole_ns)
{
	char text[32];
	unsigned int filled = whole_ns ? (double)ns / whole_ns * BAR_WIDTH + 0.5 : 0;

	buf_printf(&t->d->line, "  %-*s", LABEL_WIDTH, what);
	text_tenths(text, sizeof(text), list_permille(ns, whole_ns));
	buf_printf(&t->d->line, "%6s %%  ", text);
	host_seconds(&t->d->line, ns);
	buf_str(&t->d->line, "  ");
	for (filled = filled < BAR_WIDTH ? filled : BAR_WIDTH; filled; filled--)
		buf_char(&t->d->line, '#');
	detail_line(t, ns ? INK_PLAIN : INK_FAINT);
}

/* What the samples that are there have of this row, together. */
struct window {
	struct trail_point sum;
	__u64 wall_ns, threads_ns; /* of the window; of all of its threads */
	unsigned int samples;
	bool unknown; /* of one of them nobody knows since when its figures are */
};

static void window_add(struct window *w, const struct trail_sample *sample,
		       const struct trail_point *p)
{
	int i;

	w->samples++;
	w->wall_ns += sample->interval_ns;
	w->unknown |= !sample->interval_ns;
	if (!p)
		return;
	w->sum.user_ns += p->user_ns;
	w->sum.system_ns += p->system_ns;
	w->sum.wait_ns += p->wait_ns;
	for (i = 0; i < VIGIE_OFF_REASONS; i++)
		w->sum.off_ns[i] += p->off_ns[i];
	w->sum.changed |= p->changed;
	w->threads_ns += sample->interval_ns * p->threads;
}

static struct window window_of(const struct detail *t)
{
	const struct trail *trail = t->d->frame->trail;
	struct window w = { .samples = 0 };
	unsigned int i;

	for (i = 0; trail && i < trail->n; i++)
		window_add(&w, &trail->samples[i], trail_point(trail, i, t->row));
	return w;
}

/* Every thread is somewhere all the time: the parts are its wall time, or we say why not. */
static void say_sum(struct detail *t, const struct window *w, __u64 sum_ns)
{
	struct buf *line = &t->d->line;

	buf_printf(line, "  %-*s", LABEL_WIDTH, "together");
	host_seconds(line, sum_ns);
	if (t->d->frame->view->shed & VIGIE_SHED_REASONS) {
		buf_str(line, "; time off the CPU was not looked at: vigie cost more than it may");
	} else if (w->unknown) {
		buf_str(line, "; since when is not known: there is no sample before the first");
	} else if (w->sum.changed) {
		buf_str(line, "; threads came and went meanwhile");
	} else {
		buf_printf(line, " of ");
		host_seconds(line, w->threads_ns);
		buf_printf(line, ": the wall time of %u thread%s", t->group->threads,
			   t->group->threads == 1 ? "" : "s");
	}
	detail_line(t, INK_STRONG);
}

static void say_times(struct detail *t)
{
	const struct window w = window_of(t);
	const struct trail_point *sum = &w.sum;
	const struct {
		const char *what;
		__u64 ns;
	} times[TIMES] = {
		{ "on a CPU, in user mode", sum->user_ns },
		{ "on a CPU, in the kernel", sum->system_ns },
		{ "waited for a CPU", sum->wait_ns },
		{ "blocked on storage", sum->off_ns[VIGIE_OFF_DISK] },
		{ "blocked on memory", sum->off_ns[VIGIE_OFF_MEMORY] },
		{ "blocked on locks, events", sum->off_ns[VIGIE_OFF_UNINTERRUPTIBLE] },
		{ "slept", sum->off_ns[VIGIE_OFF_SLEEP] },
	};
	__u64 sum_ns = 0;
	int i;

	for (i = 0; i < TIMES; i++)
		sum_ns += times[i].ns;
	buf_printf(&t->d->line, "where its time went in %u sample%s, ", w.samples,
		   w.samples == 1 ? "" : "s");
	host_seconds(&t->d->line, w.wall_ns);
	detail_line(t, INK_STRONG);
	for (i = 0; i < TIMES; i++)
		time_line(t, times[i].what, times[i].ns, sum_ns);
	say_sum(t, &w, sum_ns);
}

/* --- Who delayed whom. */

static void say_pairs(struct detail *t, const char *title, bool as_victim)
{
	const struct list *list = &t->d->list;
	unsigned int said = 0;
	size_t i;

	for (i = 0; i < list->ndelays && said < PEOPLE; i++) {
		const struct delay_view *delay = list->delays[i];
		const char *me = as_victim ? delay->victim : delay->culprit;

		if (strcmp(me, t->name))
			continue;
		if (!said++)
			detail_title(t, title);
		buf_str(&t->d->line, "  ");
		host_seconds(&t->d->line, delay->wait_inc_ns);
		buf_str(&t->d->line, "  ");
		buf_str(&t->d->line, as_victim ? delay->culprit : delay->victim);
		detail_line(t, INK_PLAIN);
	}
}

static void say_delays(struct detail *t)
{
	if (t->d->frame->view->shed & VIGIE_SHED_CULPRITS) {
		detail_title(t, "slow waits were not looked for: vigie cost more than it may");
		return;
	}
	say_pairs(t, "who ran during its slow waits for a CPU", true);
	say_pairs(t, "whose slow waits it ran during", false);
}

/* --- Its findings: of this row, as far as the grouping names who. */

static bool is_about(const struct tui_finding *f, const struct view *view,
		     const struct group_view *group)
{
	const char *comm = group_label(view, group, KEY_COMM);
	const char *unit = group_label(view, group, KEY_UNIT);

	if (f->pid && group->pid)
		return f->pid == group->pid;
	if (!f->comm[0] && !f->unit[0])
		return false;
	return (!comm[0] || !f->comm[0] || !strcmp(comm, f->comm)) &&
	       (!unit[0] || !f->unit[0] || !strcmp(unit, f->unit)) && (comm[0] || unit[0]);
}

static void say_findings(struct detail *t)
{
	const struct tui_frame *frame = t->d->frame;
	bool any = false;
	size_t i;

	for (i = 0; i < frame->nfindings; i++) {
		if (!is_about(&frame->findings[i], frame->view, t->group))
			continue;
		if (!any)
			detail_title(t, "findings");
		any = true;
		buf_printf(&t->d->line, "  %s  ", severity_name(frame->findings[i].severity));
		buf_str(&t->d->line, frame->findings[i].message);
		detail_line(t, INK_HOT);
	}
}

/* Between its least and its most: what a curve from 0 would hide is what one looks for. */
static void say_curve(struct detail *t)
{
	const struct trail *trail = t->d->frame->trail;
	__u64 least = UINT64_MAX, most = 0;
	char low[32], high[32];
	unsigned int i;

	for (i = 0; trail && i < trail->n; i++) {
		const struct trail_point *p = trail_point(trail, i, t->row);

		least = p && p->rss_bytes < least ? p->rss_bytes : least;
		most = p && p->rss_bytes > most ? p->rss_bytes : most;
	}
	if (!most)
		return;
	buf_str(&t->d->line, "  ");
	for (i = 0; i < trail->n; i++) {
		const struct trail_point *p = trail_point(trail, i, t->row);

		buf_str(&t->d->line,
			p ? draw_block(t->d->grid, p->rss_bytes - least + 1, most - least + 1)
			  : " ");
	}
	text_bytes(low, sizeof(low), least);
	text_bytes(high, sizeof(high), most);
	buf_printf(&t->d->line, "  resident %s to %s", low, high);
	detail_line(t, INK_GOOD);
}

static void say_memory(struct detail *t)
{
	static const char *const kinds[VIGIE_RSS_KINDS] = {
		[VIGIE_RSS_FILE] = "files",	 [VIGIE_RSS_ANON] = "anonymous",
		[VIGIE_RSS_SWAP] = "swapped",	 [VIGIE_RSS_SHMEM] = "shared",
		[VIGIE_RSS_HUGETLB] = "hugetlb",
	};
	char text[32];
	int i;

	text_bytes(text, sizeof(text), list_rss_bytes(t->group));
	buf_printf(&t->d->line, "memory: %s resident,", text);
	text_bytes(text, sizeof(text), t->group->peak_bytes);
	buf_printf(&t->d->line, " %s at most;", text);
	for (i = 0; i < VIGIE_RSS_KINDS; i++) {
		text_bytes(text, sizeof(text), t->group->rss_bytes[i]);
		buf_printf(&t->d->line, " %s %s", text, kinds[i]);
	}
	detail_line(t, INK_STRONG);
	say_curve(t);
}

void draw_detail(struct drawing *d, unsigned int y, unsigned int end)
{
	struct detail t = { .d = d, .y = y, .end = end };

	snprintf(t.name, sizeof(t.name), "%s", d->tui->chosen);
	t.group = tui_row_by_name(d->frame->view, t.name);
	if (!t.group) {
		buf_str(&d->line, t.name);
		buf_str(&d->line, " was not there at this moment");
		detail_line(&t, INK_STRONG);
		return;
	}
	t.row = trail_row(d->frame->view, t.group);
	say_who(&t);
	say_times(&t);
	say_memory(&t);
	say_delays(&t);
	say_findings(&t);
}
