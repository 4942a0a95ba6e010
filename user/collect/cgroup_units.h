/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cgroup_units.h - what units cost, as cgroupfs says it of the cgroup that is the unit.
 *
 * Owns: the table of these cgroups, their files, which are kept open as far as descriptors go, and
 * how many are read in a snapshot. Reads plain files only, which needs no privilege. Not here:
 * limits that a finding is judged by (limits.h), which path is whose (the caller says it), sums.
 */
#ifndef VIGIE_COLLECT_CGROUP_UNITS_H
#define VIGIE_COLLECT_CGROUP_UNITS_H

#include "data/snapshot.h"

struct cgroup_units;

struct cgroup_mount {
	char path[128]; /* of the hierarchy that has the controller; "" where there is none */
	bool v2; /* that is the unified one, whose files have other names */
};

struct cgroup_units_config {
	struct cgroup_mount memory, cpu, pids, hugetlb, unified;
	/* How much of a cgroup's path names the highest cgroup that is the same unit's. Pure. */
	size_t (*top)(const char *path);
};

struct cgroup_units *cgroup_units__new(const struct cgroup_units_config *config); /* NULL: errno */
void cgroup_units__free(struct cgroup_units *units); /* accepts NULL */
/*
 * What a process, living or dead, of this cgroup did since the last reading: if it did anything but
 * sleep, its unit is read at the next one, else only now and then.
 */
void cgroup_units__active(struct cgroup_units *units, __u64 id, const struct vigie_usage *inc);
/*
 * Those stats and what the units of these cgroups cost, as one list, ascending id; both may be in
 * one element. Valid until the next call. If there are many units they take turns and the others'
 * figures stay. What finds no memory is left out.
 */
const struct cgroup_stat *cgroup_units__read(struct cgroup_units *units,
					     const struct cgroup_name *cgroups, size_t n,
					     const struct cgroup_stat *stats, size_t nstats,
					     __u64 now_ns, size_t *ret_n);

#endif
