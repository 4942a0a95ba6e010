// SPDX-License-Identifier: GPL-2.0-only
/* trail.c - owns the samples that are kept of a trail. */
#include "tui/trail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "data/view_list.h"

__u64 trail_row(const struct view *view, const struct group_view *group)
{
	__u64 row = 0;
	unsigned int i;

	for (i = 0; i < view->nkeys; i++)
		row = hash_bytes(group->label[i], strlen(group->label[i]) + 1, row);
	return row;
}

static int by_row(const void *a, const void *b)
{
	__u64 x = ((const struct trail_point *)a)->row, y = ((const struct trail_point *)b)->row;

	return (x > y) - (x < y);
}

static struct trail_point point_of(const struct view *view, const struct group_view *group)
{
	const struct vigie_usage *inc = &group->inc;
	struct trail_point p = {
		.row = trail_row(view, group),
		.user_ns = inc->user_ns,
		.system_ns = inc->system_ns,
		.wait_ns = inc->wait_ns,
		.rss_bytes = list_rss_bytes(group),
		.threads = group->threads,
		.changed = inc->starts || inc->thread_starts || list_exits(group),
	};

	memcpy(p.off_ns, inc->off_ns, sizeof(p.off_ns));
	return p;
}

static void drop_first(struct trail *trail)
{
	free(trail->samples[0].points);
	memmove(trail->samples, trail->samples + 1, --trail->n * sizeof(trail->samples[0]));
}

static size_t all_points(const struct trail *trail)
{
	size_t sum = 0;
	unsigned int i;

	for (i = 0; i < trail->n; i++)
		sum += trail->samples[i].n;
	return sum;
}

/* The first of them, if there are more than a trail may have in all: the others are in no trail. */
static size_t take_points(struct trail_point *points, size_t room, const struct view *view)
{
	size_t i, n = 0;

	for (i = 0; i < view->ngroups && n < room; i++)
		if (view->groups[i].live || list_active(&view->groups[i]))
			points[n++] = point_of(view, &view->groups[i]);
	qsort(points, n, sizeof(*points), by_row);
	return n;
}

int trail_add(struct trail *trail, const struct view *view)
{
	const size_t most = trail->points_max ? trail->points_max : TRAIL_POINTS_MAX;
	struct trail_sample sample = { .wall_ns = view->wall_ns, .interval_ns = view->interval_ns };
	size_t room = view->ngroups < most ? view->ngroups : most;

	sample.points = malloc((room + 1) * sizeof(*sample.points));
	if (!sample.points)
		return -ENOMEM;
	sample.n = take_points(sample.points, room, view);
	while (trail->n == TRAIL_SAMPLES || (trail->n && all_points(trail) + sample.n > most))
		drop_first(trail);
	trail->samples[trail->n++] = sample;
	return 0;
}

void trail_clear(struct trail *trail)
{
	while (trail->n)
		free(trail->samples[--trail->n].points);
}

const struct trail_point *trail_point(const struct trail *trail, unsigned int i, __u64 row)
{
	const struct trail_point key = { .row = row };
	const struct trail_sample *sample = &trail->samples[i];

	return bsearch(&key, sample->points, sample->n, sizeof(*sample->points), by_row);
}
