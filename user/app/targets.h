/* SPDX-License-Identifier: GPL-2.0-only */
/* targets.h - which processes a name means. */
#ifndef VIGIE_APP_TARGETS_H
#define VIGIE_APP_TARGETS_H

#include <stddef.h>
#include <sys/types.h>

enum { TARGETS_MAX = 1024 };

struct targets {
	pid_t pids[TARGETS_MAX];
	size_t n;
};

/* "12,34": each a process that lives. 0, -EINVAL, -E2BIG, or -ESRCH with *ret_pid. */
int targets_by_pid(struct targets *t, const char *list, pid_t *ret_pid);
/* All processes of that name (of the leader), we ourselves excepted. 0 or -E2BIG. */
int targets_by_comm(struct targets *t, const char *comm);
/* All in a cgroup with that name, or with it and ".service" or ".scope". 0 or -E2BIG. */
int targets_by_unit(struct targets *t, const char *unit);

#endif
