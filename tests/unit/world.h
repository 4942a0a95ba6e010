/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * world.h - snapshots made by hand, for the tests of the model.
 *
 * Owns: the arrays behind one snapshot. Everything has fixed room; tests stay inside it.
 */
#ifndef VIGIE_TESTS_WORLD_H
#define VIGIE_TESTS_WORLD_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/usage.h"
#include "model/model.h"

enum { WORLD_MAX = 512, PAGE = 4096 };
#define SECOND 1000000000ull
#define MINUTE (60 * SECOND)
#define MIB (1024ull * 1024)

struct world {
	struct snapshot snapshot;
	struct process processes[WORLD_MAX];
	struct retired retired[WORLD_MAX];
	struct vigie_delay culprits[WORLD_MAX];
	struct vigie_oom_event ooms[16];
	struct cgroup_name cgroups[WORLD_MAX];
};

/* An empty snapshot dt later; host totals stay. */
static inline void world_next(struct world *w, __u64 dt_ns)
{
	struct snapshot *s = &w->snapshot;

	if (!s->page_size) {
		s->time_ns = 1000 * SECOND;
		s->page_size = PAGE;
		s->host.online_cpus = 2;
		s->host.memory.total = 4096 * MIB;
		s->host.cpu = (struct host_cpu){ .user_ns = 5 * SECOND, .system_ns = 7 * SECOND };
	}
	s->time_ns += dt_ns;
	s->wall_ns = s->time_ns + 1700000000 * SECOND;
	s->processes = w->processes;
	s->retired = w->retired;
	s->culprits = w->culprits;
	s->ooms = w->ooms;
	s->cgroups = w->cgroups;
	s->nprocesses = s->nretired = s->nculprits = s->nooms = s->ncgroups = 0;
	s->culprit_other_ns = s->culprit_other_waits = 0;
}

/* To be called in the order of pids. */
static inline struct process *world_process(struct world *w, __u32 pid, const char *comm,
					    __u64 cgroup)
{
	struct process *p = &w->processes[w->snapshot.nprocesses++];

	assert_true(w->snapshot.nprocesses <= WORLD_MAX);
	*p = (struct process){ .pid = pid, .threads = 1, .cgroup_id = cgroup, .start_ns = pid };
	snprintf(p->comm, VIGIE_COMM_LEN, "%.15s", comm);
	return p;
}

static inline struct retired *world_retired(struct world *w, const char *comm, __u64 cgroup)
{
	struct retired *r = &w->retired[w->snapshot.nretired++];

	assert_true(w->snapshot.nretired <= WORLD_MAX);
	*r = (struct retired){ .key = { .cgroup_id = cgroup }, .value = { .tasks = 1 } };
	snprintf(r->key.comm, VIGIE_COMM_LEN, "%.15s", comm);
	return r;
}

static inline void world_cgroup(struct world *w, __u64 id, const char *path)
{
	w->cgroups[w->snapshot.ncgroups++] = (struct cgroup_name){ .id = id, .path = path };
	assert_true(w->snapshot.ncgroups <= WORLD_MAX);
}

static inline struct vigie_party world_party(__u32 tgid, const char *comm, __u64 cgroup)
{
	struct vigie_party party = { .tgid = tgid, .cgroup_id = cgroup };

	snprintf(party.comm, VIGIE_COMM_LEN, "%.15s", comm);
	return party;
}

static inline const struct view *world_apply(struct world *w, struct model *model)
{
	const struct view *view = NULL;

	assert_int_equal(model__apply(model, &w->snapshot, &view), 0);
	assert_non_null(view);
	return view;
}

/* The group with these first labels, or NULL; b may be NULL. */
static inline const struct group_view *find_group(const struct view *view, const char *a,
						  const char *b)
{
	size_t i;

	for (i = 0; i < view->ngroups; i++)
		if (!strcmp(view->groups[i].label[0], a) &&
		    (!b || !strcmp(view->groups[i].label[1], b)))
			return &view->groups[i];
	return NULL;
}

static inline __u64 user_ns(const struct view *view, const char *a, const char *b)
{
	const struct group_view *group = find_group(view, a, b);

	assert_non_null(group);
	return group->total.user_ns;
}

#endif
