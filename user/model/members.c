// SPDX-License-Identifier: GPL-2.0-only
/* members.c - owns the arrays from processes to groups and from cgroups to units. */
#include "model/members.h"

#include <stdlib.h>

#include "base/array.h"
#include "data/processes.h"
#include "model/series_page.h"

void members_done(struct members *m)
{
	free(m->groups);
	free(m->places);
	free(m->cgroups);
	*m = (struct members){ 0 };
}

static bool members_reserve(struct members *m, size_t n)
{
	struct group **groups;
	__u32 *places;

	if (n <= m->cap)
		return true;
	n += n / 8; /* processes come and go: not for each new one */
	groups = realloc(m->groups, n * sizeof(*groups));
	if (groups)
		m->groups = groups;
	places = realloc(m->places, n * sizeof(*places));
	if (places)
		m->places = places;
	if (!groups || !places)
		return false;
	m->cap = n;
	return true;
}

void members_begin(struct members *m, size_t nprocesses)
{
	m->have = members_reserve(m, nprocesses);
}

void members_set(struct members *m, size_t process, struct group *group)
{
	if (m->have)
		m->groups[process] = group;
}

static int by_id(const void *a, const void *b)
{
	const struct cgroup_view *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* Both lists ascend. */
static void add_stats(struct cgroup_view *cgroups, size_t n, const struct snapshot *snapshot)
{
	size_t i, s = 0;

	for (i = 0; i < n; i++) {
		while (s < snapshot->ncgroup_stats && snapshot->cgroup_stats[s].id < cgroups[i].id)
			s++;
		if (s < snapshot->ncgroup_stats && snapshot->cgroup_stats[s].id == cgroups[i].id)
			cgroups[i].stat = &snapshot->cgroup_stats[s];
	}
}

static size_t show_cgroups(struct members *m, const struct names *names,
			   const struct snapshot *snapshot)
{
	size_t i, n = 0;

	if (array_grow(&m->cgroups, &m->cgroups_cap, snapshot->ncgroups, sizeof(*m->cgroups),
		       SIZE_MAX))
		return 0;
	for (i = 0; i < snapshot->ncgroups; i++) {
		const struct cgroup_entry *entry = names_cgroup(names, snapshot->cgroups[i].id);

		if (entry)
			m->cgroups[n++] = (struct cgroup_view){
				.id = entry->id,
				.unit = entry->unit,
				.path = entry->path,
				.container_id = entry->container_id,
			};
	}
	if (n)
		qsort(m->cgroups, n, sizeof(*m->cgroups), by_id);
	add_stats(m->cgroups, n, snapshot);
	return n;
}

void members_show(struct members *m, const struct names *names, const struct snapshot *snapshot,
		  struct view *view)
{
	size_t i, n = m->have ? snapshot->nprocesses : 0;

	for (i = 0; i < n; i++) {
		const struct group *group = m->groups[i];

		if (group && !group_is_shown(group) && group->rest)
			group = group->rest;
		m->places[i] = group && group_is_shown(group) ? group->series->place
							      : view->ngroups;
	}
	view->processes = snapshot->processes;
	view->process_group = m->places;
	view->nprocesses = n;
	view->culprits = snapshot->culprits;
	view->nculprits = snapshot->nculprits;
	view->ncgroups = show_cgroups(m, names, snapshot);
	view->cgroups = m->cgroups;
}

struct group *members_group(const struct members *m, const struct view *view, __u32 pid)
{
	const struct process *process = processes_find(view->processes, view->nprocesses, pid);

	/* The group of a zombie may have been forgotten since. */
	if (!process || process->flags & VIGIE_TASK_ZOMBIE)
		return NULL;
	return m->groups[process - view->processes];
}
