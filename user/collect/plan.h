/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * plan.h - which program, which source for which field, and why. PURE: facts in, plan out.
 *
 * `vigie doctor` prints exactly this; bpf_source.c, and for sessions
 * profile/capture.c, apply exactly this.
 */
#ifndef VIGIE_COLLECT_PLAN_H
#define VIGIE_COLLECT_PLAN_H

#include <vigie/abi.h>

#include "collect/kfacts.h"
#include "data/session_plan.h"

struct collect_config {
	__u64 slow_wait_ns; /* waits from here on are blamed; default 1 ms */
	__u32 group_by; /* enum vigie_group_by: what a dead task's key must carry */
	size_t (*unit_top)(const char *path); /* see cgroup_units.h; NULL: no unit's figures */
	/* The most of each that may be kept; 0: as many as the programs are made for. */
	__u32 max_tasks; /* threads with a state of their own, and their processes */
	__u32 max_retired; /* dead tasks' keys, an epoch */
	__u32 max_cgroups; /* names */
	bool priced; /* what programs cost others shall be known: measured a little at the start */
};

enum plan_state { PLAN_EXACT, PLAN_DEGRADED, PLAN_MISSING };

/* One line of doctor. Texts are static. */
struct plan_item {
	const char *field; /* what the user knows it by */
	enum plan_state state;
	const char *source; /* kernel source that serves it; "" when missing */
	const char *reason; /* why this source, or what is lost */
	const char *remedy; /* what would make it better; "" where nothing would */
};
enum { PLAN_ITEMS_MAX = 32, PLAN_SESSION_ITEMS_MAX = 8 };

struct plan {
	/* What bpf_source.c sets and loads. */
	bool task_storage, lookup_fails, off_cpu, exact_rss, peaks, moved_sleepers;
	bool reclaim, cgroup_reclaim, compaction, oom, cgroup_events;
	bool keep_cap_bpf; /* after dropping privileges */
	struct cgroup_hierarchy cgroup; /* the fullest; mount "" where there is none */
	/* Those that may name a process: the deepest of its cgroups does, the first of equals. */
	struct cgroup_hierarchy trees[VIGIE_CGROUP_TREES];
	unsigned int ntrees;
	/* Of these controllers, and the unified hierarchy; "" where there is none. */
	char cpu_mount[128], memory_mount[128], pids_mount[128], hugetlb_mount[128];
	char unified_mount[128];
	bool cpu_v2, memory_v2, pids_v2, hugetlb_v2; /* that mount is the unified hierarchy */
	struct collect_config config;
	unsigned int possible_cpus;

	struct plan_item items[PLAN_ITEMS_MAX];
	unsigned int nitems;
	struct session_plan session;
	struct plan_item session_items[PLAN_SESSION_ITEMS_MAX];
	unsigned int nsession_items;

	/* Why serving cannot work at all, and what to do; NULL where it can. */
	const char *refusal;
	const char *refusal_remedy;
};

void collect_config_default(struct collect_config *config);
void plan_make(const struct kfacts *facts, const struct collect_config *config, struct plan *ret);
const char *plan_state_name(enum plan_state state); /* "exact", "degraded", "missing" */

#endif
