// SPDX-License-Identifier: GPL-2.0-only
/* curve.c - owns quantities by name, and a plot that any terminal shows. */
#include "app/curve.h"

#include <stdio.h>
#include <string.h>

#include "base/when.h"

void curve_init(struct curve *curve, __u64 from_ns, __u64 to_ns)
{
	memset(curve, 0, sizeof(*curve));
	curve->from_ns = from_ns;
	curve->to_ns = to_ns > from_ns ? to_ns : from_ns + 1;
}

/* What of the view the finding was about: a process if it is there, else its group. */
struct subject {
	const struct vigie_usage *inc;
	double anon, resident;
};

static bool find_subject(const struct view *view, const struct actor *who, struct subject *ret)
{
	size_t i;

	for (i = 0; who->pid && i < view->nprocesses; i++) {
		const struct process *p = &view->processes[i];
		double page = view->page_size;

		if (p->pid != who->pid || (who->start_ns && p->start_ns != who->start_ns))
			continue;
		ret->inc = &p->inc;
		ret->anon = p->rss_pages[VIGIE_RSS_ANON] * page;
		ret->resident = ret->anon +
				(p->rss_pages[VIGIE_RSS_FILE] + p->rss_pages[VIGIE_RSS_SHMEM]) *
					page;
		return true;
	}
	for (i = 0; !who->pid && i < view->ngroups; i++) {
		const struct group_view *g = &view->groups[i];

		if (strcmp(group_label(view, g, KEY_COMM), who->comm) ||
		    strcmp(group_label(view, g, KEY_UNIT), who->unit))
			continue;
		ret->inc = &g->inc;
		ret->anon = g->rss_bytes[VIGIE_RSS_ANON];
		ret->resident = ret->anon + g->rss_bytes[VIGIE_RSS_FILE] +
				g->rss_bytes[VIGIE_RSS_SHMEM];
		return true;
	}
	return false;
}

static double ratio(double a, double b)
{
	return b > 0 ? a / b : 0;
}

static double waits(const struct vigie_usage *u)
{
	double n = 0;
	int i;

	for (i = 0; i < VIGIE_BUCKETS; i++)
		n += u->wait_count[i];
	return n;
}

static bool quantity_of(const struct view *view, const struct finding_event *e, double *ret)
{
	double wall = view->interval_ns, seconds = wall / 1e9, cpu;
	struct subject s;
	int i;

	if (!strcmp(e->quantity, "forks")) {
		*ret = ratio(view->host_forks_inc, seconds);
		return true;
	}
	if (!find_subject(view, &e->who, &s))
		return false;
	cpu = s.inc->user_ns + s.inc->system_ns;
	if (!strcmp(e->quantity, "run_queue_wait_ratio"))
		*ret = ratio(s.inc->wait_ns, s.inc->wait_ns + cpu);
	else if (!strcmp(e->quantity, "cpu"))
		*ret = ratio(cpu, wall);
	else if (!strcmp(e->quantity, "resident_anonymous_memory"))
		*ret = s.anon;
	else if (!strcmp(e->quantity, "resident_memory"))
		*ret = s.resident;
	else if (!strcmp(e->quantity, "run_queue_wait"))
		*ret = ratio(s.inc->wait_ns / 1e9, waits(s.inc));
	else if (!strcmp(e->quantity, "page_faults"))
		*ret = ratio(s.inc->minor_faults + s.inc->major_faults, seconds);
	else if (!strcmp(e->quantity, "context_switches"))
		*ret = ratio(s.inc->voluntary_switches + s.inc->involuntary_switches, seconds);
	else if (!strcmp(e->quantity, "failed_exits"))
		*ret = s.inc->exits[VIGIE_EXIT_ERROR] + s.inc->exits[VIGIE_EXIT_SIGNAL];
	else if (!strcmp(e->quantity, "memory_stall_ratio")) {
		*ret = s.inc->off_ns[VIGIE_OFF_MEMORY];
		for (i = 0; i < VIGIE_STALLS; i++)
			*ret += s.inc->stall_ns[i];
		*ret = ratio(*ret, wall);
	} else {
		return false;
	}
	return true;
}

void curve_add(struct curve *c, const struct view *view, const struct finding_event *event)
{
	__u64 width = (c->to_ns - c->from_ns) / CURVE_COLUMNS + 1;
	unsigned int at;
	double value;

	if (view->wall_ns < c->from_ns || view->wall_ns > c->to_ns || !view->interval_ns ||
	    !quantity_of(view, event, &value))
		return;
	at = (view->wall_ns - c->from_ns) / width;
	if (at >= CURVE_COLUMNS)
		return;
	if (!c->seen[at] || value > c->highest[at])
		c->highest[at] = value;
	c->seen[at] = true;
	c->samples++;
}

static void put_value(struct buf *out, double value, const char *unit)
{
	if (!strcmp(unit, "ratio"))
		buf_printf(out, "%8.0f %%", 100 * value);
	else if (!strcmp(unit, "bytes"))
		buf_printf(out, "%8.1fM ", value / (1 << 20));
	else
		buf_printf(out, "%8.2f  ", value);
}

void curve_draw(const struct curve *c, const struct finding_event *e, struct buf *out)
{
	double top = 0;
	char from[20], to[20];
	int row, at;

	if (!c->samples)
		return;
	for (at = 0; at < CURVE_COLUMNS; at++)
		if (c->seen[at] && c->highest[at] > top)
			top = c->highest[at];
	for (row = CURVE_ROWS; row > 0; row--) {
		if (row == CURVE_ROWS || row == 1)
			put_value(out, row == 1 ? 0 : top, e->unit);
		else
			buf_printf(out, "%10s", "");
		buf_str(out, " |");
		for (at = 0; at < CURVE_COLUMNS; at++) {
			double height = top > 0 ? c->highest[at] / top * CURVE_ROWS : 0;

			if (c->seen[at] && (height > row - 0.5 || row == 1))
				buf_char(out, height > row - 0.5 ? '#' : '.');
			else
				buf_char(out, ' ');
		}
		buf_char(out, '\n');
	}
	when_format(c->from_ns, from);
	when_format(c->to_ns, to);
	buf_printf(out, "%10s  %-*s%s\n", "", CURVE_COLUMNS - 8, from + 11, to + 11);
}
