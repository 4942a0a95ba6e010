/* SPDX-License-Identifier: GPL-2.0-only */
/* targets.h - which processes a name means. */
#ifndef VIGIE_APP_TARGETS_H
#define VIGIE_APP_TARGETS_H

#include <stddef.h>
#include <sys/types.h>

enum { TARGETS_MAX = 1024, TARGETS_COMM_MAX = 15 };

struct targets {
	pid_t pids[TARGETS_MAX];
	size_t n;
};

/* "12,34": each a process that lives. 0, -EINVAL, -E2BIG, or -ESRCH with *ret_pid. */
int targets_by_pid(struct targets *t, const char *list, pid_t *ret_pid);
/*
 * All processes of that name (of the leader), as it is or as vigie shows it, we ourselves excepted. A
 * name of more than TARGETS_COMM_MAX bytes is that of their file. 0 or -E2BIG.
 */
int targets_by_comm(struct targets *t, const char *comm);
/*
 * All of the unit that vigie shows so, by id or by name, or in a cgroup with that name, also ".service" or
 * ".scope". runtime_root as in pipeline_options. 0 or -E2BIG.
 */
int targets_by_unit(struct targets *t, const char *unit, const char *runtime_root);

#endif
