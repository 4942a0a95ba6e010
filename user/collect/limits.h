/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * limits.h - what cgroupfs says of cgroups that have a CPU quota or a memory limit.
 *
 * Owns: which of the cgroups in use have limits (looked up when they are first seen and now
 * and then again), and reading the figures of those, a bounded number of files a snapshot.
 * Reads plain files only, which needs no privilege. Not here: names (cgroups.h).
 */
#ifndef VIGIE_COLLECT_LIMITS_H
#define VIGIE_COLLECT_LIMITS_H

#include "data/snapshot.h"

struct limits;

struct limits_config {
	/* Mounts of the hierarchies that have the controllers, "" where there is none. */
	char cpu[128], memory[128];
	bool cpu_v2, memory_v2; /* this is the unified hierarchy, whose files have other names */
};

struct limits *limits__new(const struct limits_config *config); /* NULL with errno set */
void limits__free(struct limits *limits); /* accepts NULL */
/*
 * The stats of those cgroups that have limits, ascending id, valid until the next call. If
 * there are many they take turns and the others' figures stay, as do those of a file that
 * cannot be read. What finds no memory is left out.
 */
const struct cgroup_stat *limits__read(struct limits *limits, const struct cgroup_name *cgroups,
				       size_t n, __u64 now_ns, size_t *ret_n);

#endif
