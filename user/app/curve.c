// SPDX-License-Identifier: GPL-2.0-only
/* curve.c - owns a plot that any terminal shows. */
#include "app/curve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/when.h"

int curve_init(struct curve *curve, __u64 from_ns, __u64 to_ns, const struct rule *rule,
	       const struct actor *who)
{
	memset(curve, 0, sizeof(*curve));
	curve->from_ns = from_ns;
	curve->to_ns = to_ns > from_ns ? to_ns : from_ns + 1;
	curve->quantity = quantity__new(rule, who);
	return curve->quantity ? 0 : -ENOMEM;
}

void curve_done(struct curve *curve)
{
	quantity__free(curve->quantity);
	curve->quantity = NULL;
}

void curve_restart(struct curve *curve)
{
	quantity__restart(curve->quantity);
}

void curve_add(struct curve *c, const struct view *view)
{
	__u64 width = (c->to_ns - c->from_ns) / CURVE_COLUMNS + 1;
	unsigned int at;
	double value;

	/* Also a view that is not drawn: what a figure needs of the past begins there. */
	if (!quantity__step(c->quantity, view, &value) || view->wall_ns < c->from_ns ||
	    view->wall_ns > c->to_ns)
		return;
	at = (view->wall_ns - c->from_ns) / width;
	if (at >= CURVE_COLUMNS)
		return;
	if (!c->seen[at] || value > c->highest[at])
		c->highest[at] = value;
	if (!c->samples || value > c->top)
		c->top = value;
	c->last = value;
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

void curve_draw(const struct curve *c, const char *unit, struct buf *out)
{
	double top = c->top;
	char from[20], to[20];
	int row, at;

	if (!c->samples)
		return;
	for (row = CURVE_ROWS; row > 0; row--) {
		if (row == CURVE_ROWS || row == 1)
			put_value(out, row == 1 ? 0 : top, unit);
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
