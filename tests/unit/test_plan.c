// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_plan.c - collect/plan: facts of kernels, old, new and crippled, to the plan, in full.
 *
 * Facts are made up here; what a real kernel has is test-bpf's and test-vm's matter.
 */
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
static struct kfacts newest(void)
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

static struct kfacts like_6_12(void)
{
	struct kfacts f = newest();

	f.exit_group_dead = false;
	f.run_time_stats = false;
	return f;
}

static struct kfacts like_6_1(void)
{
	struct kfacts f = like_6_12();

	f.delayed_dequeue = false;
	f.rss_percpu = false;
	f.mark_victim_task = false;
	return f;
}

static struct kfacts like_5_10(void)
{
	struct kfacts f = like_6_1();

	f.task_storage = false;
	f.percpu_lookup = false;
	f.unpriv_map_ops = false;
	f.copy_from_task = false;
	f.tp_contention = false;
	return f;
}

static struct plan plan_of(struct kfacts facts)
{
	struct collect_config config;
	struct plan plan;

	collect_config_default(&config);
	memset(&plan, 0xa5, sizeof(plan)); /* nothing may be left over */
	plan_make(&facts, &config, &plan);
	return plan;
}

static const struct plan_item *item(const struct plan *plan, const char *field)
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
static int beyond_remedy(const struct plan_item *it)
{
	return (!strcmp(it->field, PEAK) && strstr(it->source, "ticks")) ||
	       (!strcmp(it->field, RESIDENT) && it->state == PLAN_DEGRADED) ||
	       (!strcmp(it->field, OOM) && it->state == PLAN_MISSING) ||
	       (!strcmp(it->field, CGROUPS) && it->state == PLAN_DEGRADED);
}

/* Each item says something; what is less than exact says why, and what to do about it. */
static void check_items(const struct plan *plan)
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
static void check_states(const struct plan *plan, const struct want *want, size_t n)
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
static void check_switches(const struct plan *p, const char *want)
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

static void the_newest(void **state)
{
	struct plan plan = plan_of(newest());

	assert_null(plan.refusal);
	check_switches(&plan, "soxpmrgckv");
	CHECK_STATES(&plan, { PEAK, PLAN_DEGRADED });
	assert_int_equal(plan.possible_cpus, 8);
	assert_int_equal(plan.config.slow_wait_ns, 1000000);
	assert_int_equal(plan.config.group_by, VIGIE_BY_CGROUP | VIGIE_BY_COMM);
	assert_string_equal(plan.cgroup.mount, "/sys/fs/cgroup");
	assert_int_equal(plan.cgroup.subsys, -1);
	assert_int_equal(plan.cgroup.id, 0);
	assert_string_equal(plan.cpu_mount, "/sys/fs/cgroup");
	assert_string_equal(plan.memory_mount, "/sys/fs/cgroup");
	assert_true(plan.cpu_v2 && plan.memory_v2);
}

static void linux_6_12(void **state)
{
	struct plan plan = plan_of(like_6_12());

	assert_null(plan.refusal);
	check_switches(&plan, "soxpmrgckv");
	CHECK_STATES(&plan, { PEAK, PLAN_DEGRADED }, { RUN_TIME, PLAN_MISSING });
}

static void linux_6_1(void **state)
{
	struct plan plan = plan_of(like_6_1());

	assert_null(plan.refusal);
	check_switches(&plan, "soprgckv");
	CHECK_STATES(&plan, { PEAK, PLAN_DEGRADED }, { OOM, PLAN_DEGRADED },
		     { RUN_TIME, PLAN_MISSING });
}

static void linux_5_10(void **state)
{
	struct plan plan = plan_of(like_5_10());

	assert_null(plan.refusal);
	check_switches(&plan, "orgckvb");
	CHECK_STATES(&plan, { STORAGE, PLAN_DEGRADED }, { PEAK, PLAN_DEGRADED },
		     { OOM, PLAN_DEGRADED }, { PRIVILEGES, PLAN_DEGRADED },
		     { RUN_TIME, PLAN_MISSING }, { SLEEPERS, PLAN_MISSING },
		     { MMAP_LOCK, PLAN_MISSING });
}

/* Everything that may lack lacks, and yet it serves. */
static void the_poorest(void **state)
{
	struct kfacts f = like_5_10();
	struct plan plan;

	f.rq_clock = f.in_memstall = f.psi_on = f.tp_tick = false;
	f.tp_reclaim = f.tp_cgroup_reclaim = f.tp_compaction = f.tp_mark_victim = false;
	f.tp_cgroup_mkdir = f.tp_user_fault = false;
	f.nhierarchies = 0;
	plan = plan_of(f);
	assert_null(plan.refusal);
	check_switches(&plan, "b");
	CHECK_STATES(&plan, { STORAGE, PLAN_DEGRADED }, { OFF_CPU, PLAN_MISSING },
		     { MEMORY, PLAN_MISSING }, { PEAK, PLAN_DEGRADED }, { RECLAIM, PLAN_MISSING },
		     { CGROUP_RECLAIM, PLAN_MISSING }, { COMPACTION, PLAN_MISSING },
		     { OOM, PLAN_MISSING }, { CGROUPS, PLAN_MISSING }, { LIMITS, PLAN_MISSING },
		     { UNITS, PLAN_MISSING }, { PRIVILEGES, PLAN_DEGRADED },
		     { RUN_TIME, PLAN_MISSING }, { SLEEPERS, PLAN_MISSING },
		     { MMAP_LOCK, PLAN_MISSING }, { FAULTS, PLAN_MISSING });
	assert_string_equal(plan.cgroup.mount, "");
	assert_int_equal(plan.cgroup.subsys, -1);
}

/* run_delay counts sleep where a dequeue can be delayed; without a clock it stays so, and is said. */
static void run_delay_that_is_false(void **state)
{
	struct kfacts f = newest();
	struct plan plan = plan_of(f), none;

	assert_non_null(strstr(item(&plan, RUN_DELAY)->source, "sched_wakeup"));
	assert_true(plan.session.moved_sleepers);
	f.rq_clock = false;
	none = plan_of(f);
	CHECK_STATES(&none, { PEAK, PLAN_DEGRADED }, { RUN_DELAY, PLAN_DEGRADED },
		     { OFF_CPU, PLAN_MISSING });
	assert_false(none.moved_sleepers || none.session.moved_sleepers);
	f.delayed_dequeue = false;
	none = plan_of(f);
	CHECK_STATES(&none, { PEAK, PLAN_DEGRADED }, { OFF_CPU, PLAN_MISSING });
	assert_null(strstr(item(&none, RUN_DELAY)->source, "sched_wakeup"));
}

/* A remedy is no kernel that is older than the one that lacks something. */
static void remedies_are_newer(void **state)
{
	static const struct {
		const char *release;
		bool told;
	} all[] = { { "5.12.0", true },	  { "6.1.0-50-cloud-amd64", true }, { "6.2.0", false },
		    { "6.18.44", false }, { "7.3.4+deb13", false },	    { "10.0", false },
		    { "", true } };
	struct kfacts f = newest();
	struct plan plan;
	size_t i;

	f.lookup_recursion_safe = f.copy_from_task = false;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		snprintf(f.release, sizeof(f.release), "%s", all[i].release);
		plan = plan_of(f);
		assert_int_equal(!!strstr(item(&plan, STORAGE)->remedy, "6.2"), all[i].told);
		assert_true(item(&plan, STORAGE)->remedy[0]);
		assert_true(!strstr(item(&plan, SLEEPERS)->remedy, "5.18") || !all[i].release[0] ||
			    all[i].release[0] == '5');
	}
}

/* Compiled in but off, or not compiled in: the remedies differ. */
static void without_psi(void **state)
{
	struct kfacts f = newest();
	struct plan off, none;

	f.psi_on = false;
	off = plan_of(f);
	f.in_memstall = false;
	none = plan_of(f);
	CHECK_STATES(&off, { PEAK, PLAN_DEGRADED }, { MEMORY, PLAN_MISSING },
		     { UNITS, PLAN_DEGRADED });
	CHECK_STATES(&none, { PEAK, PLAN_DEGRADED }, { MEMORY, PLAN_MISSING },
		     { UNITS, PLAN_DEGRADED });
	assert_string_equal(item(&off, UNITS)->remedy, "boot with psi=1");
	assert_non_null(strstr(item(&none, UNITS)->remedy, "CONFIG_PSI=y"));
	assert_string_equal(item(&off, MEMORY)->remedy, "boot with psi=1");
	assert_non_null(strstr(item(&none, MEMORY)->remedy, "CONFIG_PSI=y"));
	check_switches(&off, "soxpmrgckv");
}

static void many_cpus(void **state)
{
	struct kfacts f = newest();
	struct plan plan;

	f.possible_cpus = 128;
	plan = plan_of(f);
	assert_true(plan.exact_rss);
	f.possible_cpus = 129;
	plan = plan_of(f);
	assert_false(plan.exact_rss);
	CHECK_STATES(&plan, { PEAK, PLAN_DEGRADED }, { RESIDENT, PLAN_DEGRADED });
	f.possible_cpus = 8192;
	plan = plan_of(f);
	assert_int_equal(plan.possible_cpus, VIGIE_MAX_CPUS);
}

static void check_refused(struct kfacts f, const char *why, const char *remedy)
{
	struct plan plan = plan_of(f);

	if (!plan.refusal)
		fail_msg("not refused: %s", why);
	assert_non_null(strstr(plan.refusal, why));
	assert_non_null(strstr(plan.refusal_remedy, remedy));
	check_items(&plan);
}

static void refusals(void **state)
{
	struct kfacts f = newest();

	f.cap_bpf = f.cap_sys_admin = false;
	check_refused(f, "CAP_BPF", "root");
	f = newest();
	f.cap_perfmon = f.cap_sys_admin = false;
	check_refused(f, "CAP_PERFMON", "root");
	f = newest();
	f.btf_err = -2;
	check_refused(f, "/sys/kernel/btf/vmlinux", "CONFIG_DEBUG_INFO_BTF=y");
	f = newest();
	f.tp_sched = false;
	check_refused(f, "tracepoints", "5.10");
	f = newest();
	f.iter_task = false;
	check_refused(f, "iter/task", "5.10");
	f = newest();
	f.ringbuf = false;
	check_refused(f, "ring buffer", "5.10");
	f = newest();
	f.sched_info = false;
	check_refused(f, "CONFIG_SCHED_INFO", "CONFIG_SCHEDSTATS=y");
	f = newest();
	f.locked_down = true;
	check_refused(f, "/sys/kernel/security/lockdown", "lockdown=integrity");
	/* Root of a user namespace has every capability, and none that counts. */
	f = newest();
	f.user_ns = true;
	check_refused(f, "user namespace", "root of the host");
	f.cap_bpf = f.cap_perfmon = f.cap_sys_admin = false;
	check_refused(f, "user namespace", "root of the host");
	f = newest();
	f.cap_bpf = f.cap_sys_admin = f.root = false;
	check_refused(f, "CAP_BPF", "sudo");
	f.root = true;
	check_refused(f, "CAP_BPF", "--cap-add");
	f.sched_info = false;
	/* Several at once: what can be mended first is named first, and only that. */
	f.cap_bpf = f.cap_perfmon = f.cap_sys_admin = false;
	f.btf_err = -2;
	check_refused(f, "CAP_BPF", "root");
}

static void no_btf_at_all(void **state)
{
	struct kfacts f = {
		.cap_bpf = true, .cap_perfmon = true, .btf_err = -2, .possible_cpus = 1
	};

	check_refused(f, "/sys/kernel/btf/vmlinux", "CONFIG_DEBUG_INFO_BTF=y");
}

static void group_by_exe(void **state)
{
	struct kfacts f = newest();
	struct collect_config config;
	struct plan plan;

	collect_config_default(&config);
	config.group_by = VIGIE_BY_EXE | VIGIE_BY_USER;
	config.slow_wait_ns = 5;
	plan_make(&f, &config, &plan);
	check_switches(&plan, "soxpmrgckv");
	assert_int_equal(plan.config.group_by, VIGIE_BY_EXE | VIGIE_BY_USER);
	assert_int_equal(plan.config.slow_wait_ns, 5);
}

/* --- Where the cgroups are. */

static struct kfacts with_v1(void)
{
	struct kfacts f = like_5_10();

	f.cgroup_layout = CGROUP_V1;
	f.nhierarchies = 3;
	f.hierarchies[0] = (struct cgroup_hierarchy){ "memory", "/sys/fs/cgroup/memory", 4, 4, 80,
						      false };
	f.hierarchies[1] = (struct cgroup_hierarchy){ "pids", "/sys/fs/cgroup/pids", 9, 11, 95,
						      false };
	f.hierarchies[2] = (struct cgroup_hierarchy){ "cpu", "/sys/fs/cgroup/cpu,cpuacct", 2, 1, 80,
						      false };
	return f;
}

static void check_cgroup(struct kfacts f, const char *mount, int id, int subsys)
{
	struct plan plan = plan_of(f);

	assert_string_equal(plan.cgroup.mount, mount);
	assert_int_equal(plan.cgroup.id, id);
	assert_int_equal(plan.cgroup.subsys, subsys);
	check_items(&plan);
}

static void cgroup_v1(void **state)
{
	struct kfacts f = with_v1();

	check_cgroup(f, "/sys/fs/cgroup/pids", 9, 11);
	f.hierarchies[1].directories = 80; /* as full as the first: the first */
	check_cgroup(f, "/sys/fs/cgroup/memory", 4, 4);
	f.hierarchies[0].subsys = -1; /* not in this kernel's BTF: cannot be read */
	check_cgroup(f, "/sys/fs/cgroup/pids", 9, 11);
}

static void cgroup_hybrid(void **state)
{
	struct kfacts f = with_v1();
	struct cgroup_hierarchy *v2 = &f.hierarchies[3];

	f.cgroup_layout = CGROUP_HYBRID;
	f.nhierarchies = 4;
	*v2 = (struct cgroup_hierarchy){ "", "/sys/fs/cgroup/unified", 0, -1, 3, false };
	check_cgroup(f, "/sys/fs/cgroup/pids", 9, 11); /* mounted, but hardly used */
	v2->directories = 95;
	check_cgroup(f, "/sys/fs/cgroup/unified", 0, -1); /* equally used: v2 */
	f.hierarchies[0] = *v2;
	f.hierarchies[3] = (struct cgroup_hierarchy){ "memory", "/m", 4, 4, 95, false };
	check_cgroup(f, "/sys/fs/cgroup/unified", 0, -1); /* in whatever order */
}

/* Which may name a process, in the order that decides between equally deep cgroups. */
static void cgroup_trees(void **state)
{
	struct kfacts f = with_v1();
	struct plan plan;

	f.cgroup_layout = CGROUP_HYBRID;
	f.hierarchies[3] = f.hierarchies[0];
	f.hierarchies[0] = f.hierarchies[2];
	f.hierarchies[2] =
		(struct cgroup_hierarchy){ "", "/sys/fs/cgroup/unified", 0, -1, 0, false };
	f.hierarchies[4] = f.hierarchies[0]; /* mounted twice */
	f.hierarchies[5] =
		(struct cgroup_hierarchy){ "blkio", "/blkio", 5, -1, 9, false }; /* no BTF */
	f.nhierarchies = 6;
	plan = plan_of(f);
	assert_int_equal(plan.ntrees, 4);
	assert_string_equal(plan.trees[0].controller, "memory");
	assert_string_equal(plan.trees[1].controller, "");
	assert_string_equal(plan.trees[2].controller, "cpu");
	assert_string_equal(plan.trees[3].controller, "pids");
	assert_int_equal(plan.session.cgroup_trees, 4);
	assert_int_equal(plan.session.cgroup_subsys[0], 4);
	assert_int_equal(plan.session.cgroup_subsys[1], -1);
	plan = plan_of(newest());
	assert_int_equal(plan.ntrees, 1);
	assert_int_equal(plan.trees[0].subsys, -1);
}

/* From within a cgroup namespace most cgroups have no path. */
static void a_part_of_the_cgroups(void **state)
{
	struct kfacts f = newest();
	struct plan plan = plan_of(f);

	assert_int_equal(item(&plan, CGROUPS)->state, PLAN_EXACT);
	f.hierarchies[0].part = true;
	plan = plan_of(f);
	assert_int_equal(item(&plan, CGROUPS)->state, PLAN_DEGRADED);
	assert_non_null(strstr(item(&plan, CGROUPS)->reason, "cgroup namespace"));
	assert_non_null(strstr(item(&plan, CGROUPS)->remedy, "--cgroupns=host"));
	assert_true(plan.cgroup_events);
	check_items(&plan);
}

static void check_limits(struct kfacts f, enum plan_state state, const char *cpu, bool cpu_v2,
			 const char *memory, bool memory_v2)
{
	struct plan plan = plan_of(f);

	check_items(&plan);
	assert_int_equal(item(&plan, LIMITS)->state, state);
	assert_string_equal(plan.cpu_mount, cpu);
	assert_string_equal(plan.memory_mount, memory);
	assert_int_equal(plan.cpu_v2, cpu_v2);
	assert_int_equal(plan.memory_v2, memory_v2);
}

/* Each controller where it is mounted, wherever the names come from. */
static void limits_by_controller(void **state)
{
	struct kfacts f = with_v1();
	static const char cpu[] = "/sys/fs/cgroup/cpu,cpuacct", memory[] = "/sys/fs/cgroup/memory";
	const struct cgroup_hierarchy v2 = { "", "/v2", 0, -1, 200, false };

	check_limits(f, PLAN_EXACT, cpu, false, memory, false);
	f.hierarchies[f.nhierarchies++] = v2; /* systemd's hybrid: fullest, without controllers */
	check_cgroup(f, "/v2", 0, -1);
	check_limits(f, PLAN_EXACT, cpu, false, memory, false);
	f.hierarchies[3] = f.hierarchies[0];
	f.hierarchies[0] = v2;
	check_limits(f, PLAN_EXACT, cpu, false, memory, false); /* in whatever order */
	f.nhierarchies = 3; /* memory has gone to v2 */
	check_limits(f, PLAN_EXACT, cpu, false, "/v2", true);
	f.hierarchies[0] = f.hierarchies[--f.nhierarchies];
	check_limits(f, PLAN_DEGRADED, cpu, false, "", false);
	f.hierarchies[0] = (struct cgroup_hierarchy){ "memory", "/m", 4, 4, 95, false };
	check_limits(f, PLAN_DEGRADED, "", false, "/m", false);
	f.hierarchies[0] = f.hierarchies[1];
	check_limits(f, PLAN_MISSING, "", false, "", false);
}

/* What units cost: as the limits, and pressure where there is a unified tree. */
static void units_by_controller(void **state)
{
	const struct cgroup_hierarchy v2 = { "", "/v2", 0, -1, 1, false };
	const struct cgroup_hierarchy huge = { "hugetlb", "/h", 9, 9, 4000, false };
	struct kfacts f = newest();
	struct plan plan = plan_of(f);

	assert_true(plan.memory_v2 && plan.pids_v2 && plan.hugetlb_v2);
	assert_string_equal(plan.unified_mount, plan.memory_mount);
	f = with_v1();
	f.psi_on = true;
	f.hierarchies[f.nhierarchies++] = huge;
	plan = plan_of(f);
	assert_int_equal(item(&plan, UNITS)->state, PLAN_DEGRADED);
	assert_string_equal(plan.unified_mount, "");
	assert_string_equal(plan.hugetlb_mount, "/h");
	assert_string_not_equal(plan.cgroup.mount, "/h"); /* however full */
	f.hierarchies[f.nhierarchies++] = v2;
	plan = plan_of(f);
	assert_int_equal(item(&plan, UNITS)->state, PLAN_EXACT);
	assert_string_equal(plan.unified_mount, "/v2");
	assert_string_equal(plan.memory_mount, "/sys/fs/cgroup/memory");
	assert_string_equal(plan.pids_mount, "/sys/fs/cgroup/pids");
	assert_false(plan.memory_v2 || plan.pids_v2 || plan.hugetlb_v2);
}

static void cgroup_unnamed(void **state)
{
	struct kfacts f = newest();
	struct plan plan;

	f.tp_cgroup_mkdir = false;
	plan = plan_of(f);
	check_switches(&plan, "soxpmrgck");
	CHECK_STATES(&plan, { PEAK, PLAN_DEGRADED }, { CGROUPS, PLAN_DEGRADED });
}

static void state_names(void **state)
{
	assert_string_equal(plan_state_name(PLAN_EXACT), "exact");
	assert_string_equal(plan_state_name(PLAN_DEGRADED), "degraded");
	assert_string_equal(plan_state_name(PLAN_MISSING), "missing");
}

static const struct plan_item *session_item(const struct plan *plan, const char *field)
{
	unsigned int i;

	for (i = 0; i < plan->nsession_items; i++)
		if (!strcmp(plan->session_items[i].field, field))
			return &plan->session_items[i];
	fail_msg("doctor says nothing of '%s' for sessions", field);
	return NULL;
}

/* What is shown is what the session is given: without one fact only that is missing. */
static void check_session(size_t fact, const char *field, enum plan_state without, size_t given)
{
	struct kfacts f = newest();
	struct plan plan = plan_of(f);
	unsigned int i;

	assert_true(plan.session.known);
	assert_null(plan.session.refusal);
	assert_int_equal(session_item(&plan, field)->state, PLAN_EXACT);
	assert_true(*((bool *)&plan.session + given));
	*((bool *)&f + fact) = false;
	plan = plan_of(f);
	assert_false(*((bool *)&plan.session + given));
	assert_int_equal(session_item(&plan, field)->state, without);
	assert_true(session_item(&plan, field)->reason[0] && session_item(&plan, field)->remedy[0]);
	for (i = 0; i < plan.nsession_items; i++)
		assert_true(plan.session_items[i].state == PLAN_EXACT ||
			    !strcmp(plan.session_items[i].field, field));
}

#define SESSION(fact, field, without, given)                         \
	check_session(offsetof(struct kfacts, fact), field, without, \
		      offsetof(struct session_plan, given))

static void sessions(void **state)
{
	struct kfacts f = like_5_10();
	struct plan plan = plan_of(f);

	assert_true(plan.session.no_sleepers[0]);
	assert_string_equal(plan.session.no_faults, "");
	assert_int_equal(plan.session.cgroup_trees, 1);
	assert_int_equal(plan.session.cgroup_subsys[0], -1);
	SESSION(perf_events, "stacks on a CPU", PLAN_MISSING, clocks);
	SESSION(rq_clock, "time off the CPU by reason", PLAN_DEGRADED, off_cpu);
	SESSION(copy_from_task, "stacks of sleepers", PLAN_MISSING, sleepers);
	SESSION(tp_contention, "waits for the address-space lock", PLAN_MISSING, contention);
	SESSION(tp_user_fault, "stacks of page faults", PLAN_MISSING, faults);
	SESSION(task_storage, "state of threads", PLAN_DEGRADED, task_storage);
}

static void sessions_refused(void **state)
{
	struct kfacts f = newest();
	struct plan plan;

	f.cap_perfmon = f.cap_sys_admin = false;
	plan = plan_of(f);
	assert_non_null(strstr(plan.session.refusal, "CAP_PERFMON"));
	assert_non_null(strstr(plan.session.refusal_remedy, "root"));
	f = newest();
	f.btf_err = -2;
	plan = plan_of(f);
	assert_non_null(strstr(plan.session.refusal, "/sys/kernel/btf/vmlinux"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest),
		cmocka_unit_test(linux_6_12),
		cmocka_unit_test(linux_6_1),
		cmocka_unit_test(linux_5_10),
		cmocka_unit_test(the_poorest),
		cmocka_unit_test(run_delay_that_is_false),
		cmocka_unit_test(without_psi),
		cmocka_unit_test(many_cpus),
		cmocka_unit_test(remedies_are_newer),
		cmocka_unit_test(refusals),
		cmocka_unit_test(no_btf_at_all),
		cmocka_unit_test(group_by_exe),
		cmocka_unit_test(limits_by_controller),
		cmocka_unit_test(units_by_controller),
		cmocka_unit_test(cgroup_v1),
		cmocka_unit_test(cgroup_hybrid),
		cmocka_unit_test(cgroup_trees),
		cmocka_unit_test(cgroup_unnamed),
		cmocka_unit_test(a_part_of_the_cgroups),
		cmocka_unit_test(sessions),
		cmocka_unit_test(sessions_refused),
		cmocka_unit_test(state_names),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
