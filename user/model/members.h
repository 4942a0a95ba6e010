/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * members.h - the processes and cgroups behind the groups, for who wants to name one.
 *
 * Owns: which process belongs to which group of the view, cgroups by their units. Not here:
 * groups themselves (groups.h), series (series_page.h).
 */
#ifndef VIGIE_MODEL_MEMBERS_H
#define VIGIE_MODEL_MEMBERS_H

#include "data/view.h"
#include "model/groups.h"

struct members {
	struct group **groups; /* by place in the snapshot's processes; NULL: none */
	__u32 *places;
	size_t cap;
	struct cgroup_view *cgroups;
	size_t cgroups_cap;
	bool have; /* room for this snapshot's */
};

void members_done(struct members *members);
/* Without memory for all of them the view shows no processes: nothing else depends on them. */
void members_begin(struct members *members, size_t nprocesses);
void members_set(struct members *members, size_t process, struct group *group);
/* The group of a process of the snapshot just shown; NULL: none, or not known. */
struct group *members_group(const struct members *members, const struct view *view, __u32 pid);
/* After the page is made: series know their places. */
void members_show(struct members *members, const struct names *names,
		  const struct snapshot *snapshot, struct view *view);

#endif
