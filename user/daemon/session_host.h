/* SPDX-License-Identifier: GPL-2.0-only */
/* session_host.h - what a profiling session asks of its host: the kernel's plan, names of cgroups. */
#ifndef VIGIE_DAEMON_SESSION_HOST_H
#define VIGIE_DAEMON_SESSION_HOST_H

#include "collect/plan.h"
#include "profile/session.h"

struct cgroups;

/* Looks at the kernel, decides, and gives the session its plan: what `vigie doctor` shows. */
void session_plan_make(struct plan *ret, struct session_config *config);

/*
 * Lets the session name cgroups: those that exist now, and, when an id is not among them, those
 * that exist then. Without a hierarchy, or memory, they are named by id. With a runtime_root (as in
 * pipeline_options; NULL: without) units of containers have their names, where we are root; to be called
 * before there is a BPF object. Free what is returned (NULL: none).
 */
struct cgroup_names *cgroup_names__new(const struct plan *plan, const char *runtime_root,
				       struct session_config *config);
void cgroup_names__free(struct cgroup_names *names); /* accepts NULL */

#endif
