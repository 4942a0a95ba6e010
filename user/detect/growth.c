// SPDX-License-Identifier: GPL-2.0-only
/* growth.c - owns lines through points, and when a line is believed. */
#include "detect/growth.h"

#include <string.h>

#include "base/units.h"

#define PART_NS (10 * NS_PER_S)
#define FADE 0.9999 /* a part: half in 19 hours */
/* The second half must grow that fast, compared with the first: in a short window what levels
 * off is hardly slower yet. */
#define SLOWING_RECENT 0.95
#define SLOWING_LONG 0.8

/* One a second at most, so that the window is wide enough however often we look. */
static void add_recent(struct growth *g, double age_s, double value)
{
	if (g->nrecent && age_s - g->recent[(g->at + GROWTH_SHORT - 1) % GROWTH_SHORT].age_s < 0.9)
		return;
	g->recent[g->at] = (struct growth_point){ age_s, value };
	g->at = (g->at + 1) % GROWTH_SHORT;
	if (g->nrecent < GROWTH_SHORT)
		g->nrecent++;
}

static void leave_ring(struct growth *g, unsigned int at)
{
	g->high_before *= FADE;
	g->fall_before *= FADE;
	if (g->highest[at] > g->high_before)
		g->high_before = g->highest[at];
	if (g->high_before - g->lowest[at] > g->fall_before)
		g->fall_before = g->high_before - g->lowest[at];
}

void growth_add(struct growth *g, __u64 time_ns, double value)
{
	__u64 turn = time_ns / PART_NS;

	if (!g->began_ns) {
		g->began_ns = time_ns;
		g->turn = turn;
		g->lowest[turn % GROWTH_LONG] = g->highest[turn % GROWTH_LONG] = value;
		g->nlong = 1;
	}
	add_recent(g, (time_ns - g->began_ns) / 1e9, value);
	/* A gap repeats what was last known: it says neither growth nor its end. */
	if (turn - g->turn >= GROWTH_LONG) {
		g->nlong = 0;
		g->turn = turn - 1;
	}
	while (g->turn < turn) {
		g->turn++;
		if (g->nlong < GROWTH_LONG)
			g->nlong++;
		else
			leave_ring(g, g->turn % GROWTH_LONG);
		g->lowest[g->turn % GROWTH_LONG] = g->highest[g->turn % GROWTH_LONG] = value;
	}
	if (value < g->lowest[turn % GROWTH_LONG])
		g->lowest[turn % GROWTH_LONG] = value;
	if (value > g->highest[turn % GROWTH_LONG])
		g->highest[turn % GROWTH_LONG] = value;
}

double growth_earlier(const struct growth *g, double span_s)
{
	unsigned int skip = span_s / 10 + 1, i;
	double high = g->high_before;

	for (i = skip; i < g->nlong; i++)
		if (g->highest[(g->turn - i) % GROWTH_LONG] > high)
			high = g->highest[(g->turn - i) % GROWTH_LONG];
	return high;
}

double growth_fall(const struct growth *g, double span_s)
{
	unsigned int skip = span_s / 10 + 1, i;
	double high = g->high_before, fall = g->fall_before;

	for (i = g->nlong; i-- > skip;) { /* the oldest first */
		unsigned int at = (g->turn - i) % GROWTH_LONG;

		if (g->highest[at] > high)
			high = g->highest[at];
		if (high - g->lowest[at] > fall)
			fall = high - g->lowest[at];
	}
	return fall;
}

struct points {
	double t[GROWTH_LONG], v[GROWTH_LONG];
	unsigned int n;
};

/* Least squares over [from, to). Returns the slope; *ret_fit is the share it explains. */
static double slope_of(const struct points *p, unsigned int from, unsigned int to, double *ret_fit)
{
	double n = to - from, t = 0, v = 0, tt = 0, tv = 0, vv = 0;
	unsigned int i;

	for (i = from; i < to; i++) {
		t += p->t[i] / n;
		v += p->v[i] / n;
	}
	for (i = from; i < to; i++) {
		tt += (p->t[i] - t) * (p->t[i] - t);
		tv += (p->t[i] - t) * (p->v[i] - v);
		vv += (p->v[i] - v) * (p->v[i] - v);
	}
	if (ret_fit)
		*ret_fit = tt > 0 && vv > 0 ? tv * tv / (tt * vv) : 0;
	return tt > 0 ? tv / tt : 0;
}

static double lowest_of(const struct points *p, unsigned int from, unsigned int to)
{
	double lowest = p->v[from];
	unsigned int i;

	for (i = from; i < to; i++)
		lowest = p->v[i] < lowest ? p->v[i] : lowest;
	return lowest;
}

static struct growth_trend growth_judge(const struct points *p, double least_s, double slowing)
{
	struct growth_trend trend = { .steady = false };
	unsigned int third = p->n / 3, half = p->n / 2;
	double first, second;

	if (p->n < 4 || p->t[p->n - 1] - p->t[0] < least_s)
		return trend;
	trend.span_s = p->t[p->n - 1] - p->t[0];
	trend.from = p->v[0];
	trend.grown = p->v[p->n - 1] - p->v[0];
	trend.slope_per_s = slope_of(p, 0, p->n, &trend.confidence);
	if (p->n < 6) /* too few for halves: each higher than the one before */
		trend.steady = lowest_of(p, 1, p->n) > p->v[0] &&
			       lowest_of(p, p->n - 1, p->n) > p->v[p->n - 2];
	else {
		first = slope_of(p, 0, half, NULL);
		second = slope_of(p, half, p->n, NULL);
		trend.steady = second > slowing * first && first > 0 &&
			       lowest_of(p, third, 2 * third) > lowest_of(p, 0, third) &&
			       lowest_of(p, 2 * third, p->n) > lowest_of(p, third, 2 * third);
	}
	trend.steady = trend.steady && trend.slope_per_s > 0 && trend.confidence > 0.8;
	return trend;
}

/* The shortest stretch that reaches back least_s: an earlier rest must not hide the growth. */
struct growth_trend growth_recent(const struct growth *g, double least_s)
{
	struct points p = { .n = 0 };
	unsigned int want = 0, i;
	double now;

	if (!g->nrecent)
		return (struct growth_trend){ .steady = false };
	now = g->recent[(g->at + GROWTH_SHORT - 1) % GROWTH_SHORT].age_s;
	while (want < g->nrecent &&
	       now - g->recent[(g->at + GROWTH_SHORT - 1 - want) % GROWTH_SHORT].age_s < least_s)
		want++;
	want += want < g->nrecent;
	for (i = want; i > 0; i--) {
		const struct growth_point *at =
			&g->recent[(g->at + GROWTH_SHORT - i) % GROWTH_SHORT];

		p.t[p.n] = at->age_s;
		p.v[p.n++] = at->value;
	}
	return growth_judge(&p, least_s, SLOWING_RECENT);
}

/* The part under way is left out: its lowest may be still to come. */
struct growth_trend growth_long(const struct growth *g, double least_s)
{
	struct points p = { .n = 0 };
	unsigned int want = least_s / 10 + 1, i;

	if (g->nlong < want + 1)
		return (struct growth_trend){ .steady = false };
	for (i = want; i > 0; i--) {
		p.t[p.n] = -10.0 * i;
		p.v[p.n++] = g->lowest[(g->turn - i) % GROWTH_LONG];
	}
	return growth_judge(&p, least_s, SLOWING_LONG);
}
