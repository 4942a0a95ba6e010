// SPDX-License-Identifier: GPL-2.0-only
/* session_host.c - owns the look at the kernel for a session, and the table of its cgroups' names. */
#include "daemon/session_host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "collect/cgroups.h"
#include "daemon/containers.h"
#include "model/unit.h"
#include "model/workload.h"

struct cgroup_names {
	struct cgroups *cgroups;
	struct namer *namer; /* NULL: containers go by their ids */
	struct containers *containers;
};

static int name_cgroup(void *ctx, __u64 id, struct session_cgroup *ret)
{
	struct cgroup_names *names = ctx;
	const struct container *container = NULL;
	const struct cgroup_name *used;
	struct unit unit;
	size_t n;

	/* It was made after the last scan? One that has gone is not searched for twice. */
	if (cgroups__wanted(names->cgroups, id)) {
		cgroups__scan(names->cgroups);
		cgroups__give_up(names->cgroups, id);
	}
	cgroups__begin(names->cgroups);
	if (!cgroups__use(names->cgroups, id))
		return -ENOENT;
	used = cgroups__used(names->cgroups, &n);
	unit_from_path(used[0].path, &unit);
	if (names->containers)
		container = containers__find(names->containers, used[0].path);
	if (container)
		unit_name_workload(&unit, container);
	snprintf(ret->path, sizeof(ret->path), "%s", used[0].path);
	snprintf(ret->unit, sizeof(ret->unit), "%s", unit.name);
	return 0;
}

struct cgroup_names *cgroup_names__new(const struct plan *plan, const char *runtime_root,
				       struct session_config *config)
{
	struct cgroup_names *names = calloc(1, sizeof(*names));
	const char *what;

	if (!names)
		return NULL;
	names->cgroups = cgroups__of_plan(plan);
	if (!names->cgroups) {
		free(names);
		return NULL;
	}
	if (runtime_root && !geteuid() && !namer__start(runtime_root, &names->namer, &what))
		names->containers = containers__new(names->namer);
	/* Whoever goes while the session runs keeps its name. */
	cgroups__scan(names->cgroups);
	config->name_cgroup = name_cgroup;
	config->cgroup_ctx = names;
	return names;
}

void session_plan_make(struct plan *ret, struct session_config *config)
{
	struct collect_config collect;
	struct kfacts facts;

	collect_config_default(&collect);
	kfacts_gather(&facts);
	plan_make(&facts, &collect, ret);
	config->plan = ret->session;
}

void cgroup_names__free(struct cgroup_names *names)
{
	if (!names)
		return;
	cgroups__free(names->cgroups);
	containers__free(names->containers);
	namer__free(names->namer);
	free(names);
}
