// SPDX-License-Identifier: GPL-2.0-only
/* stretches.c - owns the order: add, and show when the wall clock has passed the stretch's end. */
#include "data/stretches.h"

#include <errno.h>

int stretches_init(struct stretches *s, __u64 every_ns)
{
	*s = (struct stretches){ .every_ns = every_ns };
	if (every_ns)
		s->sum = view_sum__new();
	return every_ns && !s->sum ? -ENOMEM : 0;
}

void stretches_done(struct stretches *s)
{
	view_sum__free(s->sum);
	s->sum = NULL;
}

static int take(struct stretches *s, const struct view *last, const struct view **ret)
{
	int err = view_sum__take(s->sum, last, ret);

	return err ? err : 1;
}

int stretches_add(struct stretches *s, const struct view *view, const struct view **ret)
{
	int err;

	if (!s->sum) {
		*ret = view;
		return 1;
	}
	err = view_sum__add(s->sum, view);
	if (err || view->wall_ns < s->next_ns)
		return err;
	s->next_ns = view->wall_ns + s->every_ns;
	return take(s, view, ret);
}

int stretches_end(struct stretches *s, const struct view *last, const struct view **ret)
{
	return !s->sum || view_sum__is_empty(s->sum) ? 0 : take(s, last, ret);
}
