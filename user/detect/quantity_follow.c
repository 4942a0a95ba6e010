// SPDX-License-Identifier: GPL-2.0-only
/*
 * quantity_follow.c - owns following one finding's figure through views: who of a view it is
 * about, and what is remembered of the views before.
 */
#include <stdlib.h>
#include <string.h>

#include "data/usage.h"
#include "detect/quantity.h"
#include "detect/subject.h"

enum {
	UNIT_CGROUPS = 32, /* of one unit, with a CPU limit each */
	WINDOWS = 80, /* that began in the last DEPARTURE_NS: no view is shorter than 0.4 s */
};

struct followed_cgroup {
	__u64 id;
	struct throttle throttle;
};

struct quantity {
	const struct rule *rule;
	struct actor who;
	struct followed_cgroup cgroups[UNIT_CGROUPS];
	unsigned int ncgroups;
	struct swapping swapping;
	struct losses losses;
	struct crash_window crashes;
	/* One began at each of the last views; a ring, the oldest first. */
	struct usage_window windows[WINDOWS];
	unsigned int oldest, nwindows;
};

struct quantity *quantity__new(const struct rule *rule, const struct actor *who)
{
	struct quantity *q = calloc(1, sizeof(*q));

	if (q) {
		q->rule = rule;
		q->who = *who;
	}
	return q;
}

void quantity__free(struct quantity *q)
{
	free(q);
}

void quantity__restart(struct quantity *q)
{
	const struct rule *rule = q->rule;
	struct actor who = q->who;

	memset(q, 0, sizeof(*q));
	q->rule = rule;
	q->who = who;
}

bool quantity__step(struct quantity *q, const struct view *view, double *ret)
{
	return q->rule->figure(q, view, ret);
}

/* --- Who it is about. */

static const struct process *find_process(const struct quantity *q, const struct view *view)
{
	const struct process *p = q->who.pid ? subject_process(view, q->who.pid) : NULL;

	return p && (!q->who.start_ns || p->start_ns == q->who.start_ns) ? p : NULL;
}

/* By the names that actor_of_group() gave it. */
static const struct group_view *named_group(const struct quantity *q, const struct view *view)
{
	struct actor who;
	size_t i;

	for (i = 0; i < view->ngroups; i++) {
		actor_of_group(view, &view->groups[i], &who);
		if (!strcmp(who.comm, q->who.comm) && !strcmp(who.unit, q->who.unit))
			return &view->groups[i];
	}
	return NULL;
}

/* A finding about a group may name its largest process instead: then it is that one's group. */
static const struct group_view *find_group(const struct quantity *q, const struct view *view)
{
	const struct process *p = find_process(q, view);
	size_t place = p && view->process_group ? view->process_group[p - view->processes]
						: view->ngroups;

	return place < view->ngroups ? &view->groups[place] : named_group(q, view);
}

/* --- Of one view. */

static double resident_bytes(const struct view *view, const struct process *p)
{
	return (p->rss_pages[VIGIE_RSS_ANON] + p->rss_pages[VIGIE_RSS_FILE] +
		p->rss_pages[VIGIE_RSS_SHMEM]) *
	       view->page_size;
}

/* What the kernel said that it held as it was killed; until then what it holds. */
bool figure_killed(struct quantity *q, const struct view *view, double *ret)
{
	const struct process *p = find_process(q, view);
	bool found = p != NULL;
	size_t i;

	if (found)
		*ret = resident_bytes(view, p);
	for (i = 0; i < view->nooms; i++) {
		if (view->ooms[i].victim_pid != q->who.pid)
			continue;
		*ret = view->ooms[i].victim_bytes;
		found = true;
	}
	return found;
}

bool figure_wait_ratio(struct quantity *q, const struct view *view, double *ret)
{
	const struct process *p = find_process(q, view);

	if (!p || !view_is_long(view))
		return false;
	*ret = quantity_wait_ratio(&p->inc);
	return true;
}

bool figure_stall(struct quantity *q, const struct view *view, double *ret)
{
	const struct process *p = find_process(q, view);

	/* Without time off the CPU it is a part only. */
	if (!p || !view_is_long(view) || view->shed & VIGIE_SHED_REASONS)
		return false;
	*ret = quantity_stall(view, p);
	return true;
}

bool figure_runaway(struct quantity *q, const struct view *view, double *ret)
{
	const struct process *p = find_process(q, view);

	if (!p || !view_is_long(view))
		return false;
	*ret = quantity_cpus(&p->inc, view_seconds(view));
	return true;
}

bool figure_growth(struct quantity *q, const struct view *view, double *ret)
{
	const struct group_view *group = find_group(q, view);

	if (!group || !group->live || !view_is_long(view))
		return false;
	*ret = quantity_anonymous(group);
	return true;
}

bool figure_forks(struct quantity *q, const struct view *view, double *ret)
{
	if (!view_is_long(view))
		return false;
	*ret = quantity_forks(view);
	return true;
}

/* --- Of several views. */

bool figure_swapped(struct quantity *q, const struct view *view, double *ret)
{
	if (!view_is_long(view) || !swapping_step(&q->swapping, view))
		return false;
	*ret = q->swapping.sum;
	return true;
}

bool figure_losses(struct quantity *q, const struct view *view, double *ret)
{
	if (!view_is_long(view) || !losses_step(&q->losses, view))
		return false;
	*ret = q->losses.grown;
	return true;
}

bool figure_failed_exits(struct quantity *q, const struct view *view, double *ret)
{
	const struct group_view *group = find_group(q, view);
	struct crashes crashes;

	if (!group || !view_is_long(view))
		return false;
	crash_window_add(&q->crashes, view, group);
	crashes = crash_window_sum(&q->crashes, view);
	*ret = quantity_failed_exits(&crashes);
	return true;
}

static struct followed_cgroup *follow_cgroup(struct quantity *q, __u64 id)
{
	unsigned int i;

	for (i = 0; i < q->ncgroups; i++)
		if (q->cgroups[i].id == id)
			return &q->cgroups[i];
	if (q->ncgroups == UNIT_CGROUPS)
		return NULL;
	q->cgroups[q->ncgroups].id = id;
	return &q->cgroups[q->ncgroups++];
}

/* Several cgroups of a unit are one finding: it says what the last warm one of a view is at. */
bool figure_throttled(struct quantity *q, const struct view *view, double *ret)
{
	bool found = false, warm = false;
	struct followed_cgroup *c;
	struct actor who;
	size_t i;

	for (i = 0; i < view->ncgroups && view_is_long(view); i++) {
		const struct cgroup_view *cgroup = &view->cgroups[i];

		actor_of_unit(cgroup, &who);
		if (!cgroup->stat || !cgroup->stat->periods || strcmp(who.unit, q->who.unit))
			continue;
		c = follow_cgroup(q, cgroup->id);
		if (!c)
			continue;
		throttle_step(&c->throttle, view, cgroup->stat);
		if (warm && !throttle_is_warm(&c->throttle))
			continue;
		warm |= throttle_is_warm(&c->throttle);
		*ret = quantity_throttled(&c->throttle);
		found = true;
	}
	return found;
}

/*
 * The learned rules look at the time since their last look. Looks are counted from the first view
 * that vigie saw, which a curve drawn from a part of the history does not know. But the view that a
 * look goes back to was always the youngest that was DEPARTURE_NS old by then: so a window is begun
 * at each view, and of those that are old enough the youngest is taken. Where a timer's jitter makes
 * it 30 s and a bit instead of a bit less, it is one view off.
 */
static bool departure(struct quantity *q, const struct view *view, enum departure which,
		      double *ret)
{
	const struct group_view *group = find_group(q, view);
	const struct usage_window *oldest, *next;
	unsigned int i;

	if (!view_is_long(view))
		return false;
	for (i = 0; i < q->nwindows && group; i++)
		usage_window_add(&q->windows[(q->oldest + i) % WINDOWS], view, group);
	while (q->nwindows > 1) {
		next = &q->windows[(q->oldest + 1) % WINDOWS];
		if (q->nwindows < WINDOWS && view->time_ns - next->since_ns < DEPARTURE_NS)
			break;
		q->oldest = (q->oldest + 1) % WINDOWS;
		q->nwindows--;
	}
	oldest = &q->windows[q->oldest];
	if (q->nwindows && group && view->time_ns - oldest->since_ns >= DEPARTURE_NS &&
	    usage_window_knows(oldest, which))
		*ret = quantity_departure(oldest, view, group, which);
	else
		group = NULL;
	usage_window_begin(&q->windows[(q->oldest + q->nwindows++) % WINDOWS], view);
	return group != NULL;
}

bool figure_departure_cpu(struct quantity *q, const struct view *view, double *ret)
{
	return departure(q, view, DEPARTURE_CPU, ret);
}

bool figure_departure_wait(struct quantity *q, const struct view *view, double *ret)
{
	return departure(q, view, DEPARTURE_WAIT, ret);
}

bool figure_departure_memory(struct quantity *q, const struct view *view, double *ret)
{
	return departure(q, view, DEPARTURE_MEMORY, ret);
}

bool figure_departure_faults(struct quantity *q, const struct view *view, double *ret)
{
	return departure(q, view, DEPARTURE_FAULTS, ret);
}

bool figure_departure_switches(struct quantity *q, const struct view *view, double *ret)
{
	return departure(q, view, DEPARTURE_SWITCHES, ret);
}
