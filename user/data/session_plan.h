/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * session_plan.h - what a profiling session can do on this kernel, and why not.
 *
 * Owns: the noun. It is decided once, in collect/plan.c: `vigie doctor` shows it, a session is
 * given it and looks at no kernel by itself. Texts are static; "" where nothing is missing.
 */
#ifndef VIGIE_DATA_SESSION_PLAN_H
#define VIGIE_DATA_SESSION_PLAN_H

#include <stdbool.h>

#include <vigie/abi.h>

struct session_plan {
	bool known; /* made from facts, not merely zeroed */
	/* Why there can be none at all, and what to do; NULL where there can. */
	const char *refusal, *refusal_remedy;
	bool task_storage; /* else a hash of threads */
	bool off_cpu; /* in the clock of sched_info, of the run queue; else in the monotonic one */
	bool moved_sleepers; /* run_delay counts sleep of threads that are moved: correct it */
	bool clocks, sleepers, faults, contention; /* stacks by perf events, of sleepers, … */
	const char *no_clocks, *no_sleepers, *no_faults;
	/* Hierarchies that name cgroups: index in css_set.subsys of each, -1: v2. */
	int cgroup_subsys[VIGIE_CGROUP_TREES];
	unsigned int cgroup_trees;
};

#endif
