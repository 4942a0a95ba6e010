/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * subject.h - who a finding is about: names, units, parents, culprits. PURE.
 *
 * Owns: the conversion of a view's raw processes into sanitised actors. Only detect includes it.
 */
#ifndef VIGIE_DETECT_SUBJECT_H
#define VIGIE_DETECT_SUBJECT_H

#include "data/finding.h"
#include "data/view.h"

const struct process *subject_process(const struct view *view, __u32 pid);
const struct cgroup_view *subject_cgroup(const struct view *view, __u64 id);
/* The one whose memory limit is the tightest that members are under; NULL: the host's. */
const struct cgroup_view *subject_limited_cgroup(const struct view *view, __u64 id);
/* The label of a group; "" where the page is not grouped by that. */
const char *subject_label(const struct view *view, const struct group_view *group,
			  enum group_key key);

void actor_of_process(const struct view *view, const struct process *process, struct actor *ret);
void actor_of_party(const struct view *view, const struct vigie_party *party, struct actor *ret);
void actor_of_group(const struct view *view, const struct group_view *group, struct actor *ret);
void actor_of_unit(const struct cgroup_view *cgroup, struct actor *ret);
/* The process' parents up to init, the nearest first. */
void subject_parents(const struct view *view, const struct process *process, struct finding *ret);

/* Who holds most anonymous memory below a cgroup path (NULL: on the host), as culprits. */
void subject_eaters(const struct view *view, const struct cgroup_view *cgroup, __u64 of_bytes,
		    struct finding *ret);
/* Who used most of the CPU time of a cgroup in this interval, as culprits. */
void subject_users(const struct view *view, const struct cgroup_view *cgroup, struct finding *ret);
/* The one process of a group that holds most anonymous memory; NULL: none lives. */
const struct process *subject_largest(const struct view *view, const struct group_view *group);

/* "unit/comm pid 12", for people; dst has SUBJECT_NAME bytes. */
enum { SUBJECT_NAME = 220 };
void subject_name(const struct actor *who, char *dst);
bool subject_same(const struct actor *a, const struct actor *b);

#endif
