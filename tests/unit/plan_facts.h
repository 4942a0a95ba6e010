/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * plan_facts.h - facts of kernels, old and new, and how the plan that comes of them is looked at.
 */
#ifndef VIGIE_TESTS_PLAN_FACTS_H
#define VIGIE_TESTS_PLAN_FACTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "collect/plan.h"

#define STORAGE "task state"
#define OFF_CPU "off-CPU time by reason, slow waits"
#define RUN_DELAY "run-queue wait"
#define MEMORY "off-CPU reason memory"
#define RESIDENT "resident memory, swap"
#define PEAK "resident memory peak"
#define RECLAIM "stall: direct reclaim"
#define CGROUP_RECLAIM "stall: cgroup reclaim"
#define COMPACTION "stall: compaction"
#define OOM "OOM kills"
#define CGROUPS "cgroups, units, containers"
#define LIMITS "CPU quotas, memory limits"
#define UNITS "memory, pressure, tasks of units"
#define PRIVILEGES "privileges while serving"
#define RUN_TIME "probe run time"
#define SLEEPERS "session: stacks of sleepers"
#define MMAP_LOCK "session: address-space lock"
#define FAULTS "session: stacks of page faults"

/* Linux 6.18 as Debian builds it: everything. */
static inline struct kfacts newest(void)
{
	return (struct kfacts){
		.release = "6.18.0",
		.cap_bpf = true,
		.cap_perfmon = true,
		.cap_sys_admin = true,
		.root = true,
		.cap_setid = true,
		.init_pid_ns = true,
		.possible_cpus = 8,
		.page_size = 4096,
		.task_storage = true,
		.lookup_recursion_safe = true,
		.delayed_dequeue = true,
		.io_accounting = true,
		.iter_task = true,
		.ringbuf = true,
		.sched_info = true,
		.rq_clock = true,
		.in_memstall = true,
		.psi_on = true,
		.rss_percpu = true,
		.percpu_lookup = true,
		.tp_sched = true,
		.tp_tick = true,
		.tp_reclaim = true,
		.tp_cgroup_reclaim = true,
		.tp_compaction = true,
		.tp_mark_victim = true,
		.mark_victim_task = true,
		.exit_group_dead = true,
		.tp_cgroup_mkdir = true,
		.copy_from_task = true,
		.tp_contention = true,
		.tp_user_fault = true,
		.perf_events = true,
		.unpriv_map_ops = true,
		.run_time_stats = true,
		.cgroup_layout = CGROUP_V2,
		.hierarchies = { { .mount = "/sys/fs/cgroup", .subsys = -1, .directories = 60 } },
		.nhierarchies = 1,
	};
}

static inline struct kfacts like_6_12(void)
{
	struct kfacts f = newest();

	f.exit_group_dead = false;
	f.run_time_stats = false;
	return f;
}

static inline struct kfacts like_6_1(void)
{
	struct kfacts f = like_6_12();

	f.delayed_dequeue = false;
	f.rss_percpu = false;
	f.mark_victim_task = false;
	return f;
}

static inline struct kfacts like_5_10(void)
{
	struct kfacts f = like_6_1();

	f.task_storage = false;
	f.percpu_lookup = false;
	f.unpriv_map_ops = false;
	f.copy_from_task = false;
	f.tp_contention = false;
	return f;
}

static inline struct plan plan_of(struct kfacts facts)
{
	struct collect_config config;
	struct plan plan;

	collect_config_default(&config);
	memset(&plan, 0xa5, sizeof(plan)); /* nothing may be left over */
	plan_make(&facts, &config, &plan);
	return plan;
}

static inline const struct plan_item *item(const struct plan *plan, const char *field)
{
	const struct plan_item *found = NULL;

	for (unsigned int i = 0; i < plan->nitems; i++) {
		if (strcmp(plan->items[i].field, field))
			continue;
		if (found)
			fail_msg("'%s' is said twice", field);
		found = &plan->items[i];
	}
	if (!found)
		fail_msg("nothing is said of '%s'", field);
	return found;
}

/* What nobody can better: a limit of the design or of all kernels. */
static inline int beyond_remedy(const struct plan_item *it)
{
	return (!strcmp(it->field, PEAK) && strstr(it->source, "ticks")) ||
	       (!strcmp(it->field, RESIDENT) && it->state == PLAN_DEGRADED) ||
	       (!strcmp(it->field, OOM) && it->state == PLAN_MISSING) ||
	       (!strcmp(it->field, CGROUPS) && it->state == PLAN_DEGRADED);
}

/* Each item says something; what is less than exact says why, and what to do about it. */
static inline void check_items(const struct plan *plan)
{
	assert_in_range(plan->nitems, 12, PLAN_ITEMS_MAX - 1);
	for (unsigned int i = 0; i < plan->nitems; i++) {
		const struct plan_item *it = &plan->items[i];

		assert_ptr_equal(item(plan, it->field), it);
		assert_true(it->field[0] && it->reason[0] && it->remedy);
		assert_int_equal(it->state == PLAN_MISSING, !it->source[0]);
		if (it->state == PLAN_EXACT)
			assert_string_equal(it->remedy, "");
		else if (!it->remedy[0] && !beyond_remedy(it))
			fail_msg("no remedy: %s (%s): %s", it->field, plan_state_name(it->state),
				 it->reason);
	}
	assert_int_equal(plan->refusal != NULL, plan->refusal_remedy != NULL);
}

struct want {
	const char *field;
	enum plan_state state;
};

/* The fields named are in this state, all others are exact. */
static inline void check_states(const struct plan *plan, const struct want *want, size_t n)
{
	check_items(plan);
	for (size_t i = 0; i < n; i++)
		item(plan, want[i].field);
	for (unsigned int i = 0; i < plan->nitems; i++) {
		enum plan_state state = PLAN_EXACT;

		for (size_t j = 0; j < n; j++)
			if (!strcmp(plan->items[i].field, want[j].field))
				state = want[j].state;
		if (plan->items[i].state != state)
			fail_msg("%s: %s, not %s", plan->items[i].field,
				 plan_state_name(plan->items[i].state), plan_state_name(state));
	}
}
#define CHECK_STATES(plan, ...)                                  \
	check_states(plan, (const struct want[]){ __VA_ARGS__ }, \
		     sizeof((const struct want[]){ __VA_ARGS__ }) / sizeof(struct want))

/* The switches, one letter each that is on, in the order of struct plan. */
static inline void check_switches(const struct plan *p, const char *want)
{
	const struct {
		bool on;
		char letter;
	} all[] = { { p->task_storage, 's' },	{ p->off_cpu, 'o' },	    { p->exact_rss, 'x' },
		    { p->peaks, 'p' },		{ p->moved_sleepers, 'm' }, { p->reclaim, 'r' },
		    { p->cgroup_reclaim, 'g' }, { p->compaction, 'c' },	    { p->oom, 'k' },
		    { p->cgroup_events, 'v' },	{ p->keep_cap_bpf, 'b' } };
	char got[16] = "";

	for (size_t i = 0, n = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].on)
			got[n++] = all[i].letter;
	assert_string_equal(got, want);
}

#endif
