/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cgroups.h - names of cgroup ids.
 *
 * Owns: the table id -> path, filled by a scan of the mount and by the kernel's events.
 * A name outlives its cgroup, so that what died with it can still be named. Paths are raw.
 */
#ifndef VIGIE_COLLECT_CGROUPS_H
#define VIGIE_COLLECT_CGROUPS_H

#include "data/snapshot.h"

struct cgroups;
struct plan;

/* mount: of the hierarchy; "" where there is none. NULL with errno set. Does not scan yet. */
struct cgroups *cgroups__new(const char *mount);
/* All hierarchies of a plan: ids have the place of theirs above VIGIE_CGROUP_TREE_SHIFT. */
struct cgroups *cgroups__of_plan(const struct plan *plan);
void cgroups__free(struct cgroups *cgroups);
/* Learns every cgroup that exists. 0 or -errno of the mount; single directories may fail. */
int cgroups__scan(struct cgroups *cgroups);
/* Path is copied. 0 or -ENOMEM, -ENOSPC. */
int cgroups__add(struct cgroups *cgroups, __u64 id, const char *path);
/* True: neither is a name known, nor was the search for one given up. */
bool cgroups__wanted(const struct cgroups *cgroups, __u64 id);
/* A scan has not found it: it is not wanted any more, until an event names it after all. */
void cgroups__give_up(struct cgroups *cgroups, __u64 id);
/* Begins the list of one snapshot. */
void cgroups__begin(struct cgroups *cgroups);
/* Notes that the id occurs in this snapshot. False: no name is known. */
bool cgroups__use(struct cgroups *cgroups, __u64 id);
/* The names of the ids used since cgroups__begin(). Valid until the next begin. */
const struct cgroup_name *cgroups__used(struct cgroups *cgroups, size_t *ret_n);

#endif
