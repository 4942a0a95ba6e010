// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_plan.c - collect/plan: facts of kernels, old, new and crippled, to the plan, in full.
 *
 * Facts are made up here; what a real kernel has is test-bpf's and test-vm's matter.
 */
#include "plan_facts.h"

static void defaults_leave_nothing_over(void **state)
{
	struct collect_config config;

	memset(&config, 0xa5, sizeof(config));
	collect_config_default(&config);
	assert_int_equal(config.slow_wait_ns, 1000000);
	assert_int_equal(config.group_by, VIGIE_BY_CGROUP | VIGIE_BY_COMM);
	assert_null(config.unit_top);
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

/* A hash of tasks ends where it was made to end; task storage where it is asked to, or never. */
static void tasks_with_a_state(void **state)
{
	static const struct {
		bool storage;
		__u32 asked, most;
	} cases[] = {
		{ true, 0, 0 },
		{ true, 100000, 100000 },
		{ false, 0, VIGIE_TASKS_MAX },
		{ false, 100, 100 },
		{ false, 100000, VIGIE_TASKS_MAX },
	};
	struct collect_config config;
	struct kfacts f = newest();
	struct plan plan;
	size_t i;

	collect_config_default(&config);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f.task_storage = cases[i].storage;
		config.max_tasks = cases[i].asked;
		plan_make(&f, &config, &plan);
		assert_int_equal(plan.config.max_tasks, cases[i].most);
	}
}

/* A real-time kernel whose task storage would sleep in a probe: as if there were none. */
static void storage_that_sleeps(void **state)
{
	struct kfacts f = newest();
	struct plan plan;

	snprintf(f.release, sizeof(f.release), "6.1.0-50-rt");
	f.task_storage = false;
	f.storage_sleeps = true;
	plan = plan_of(f);
	assert_false(plan.task_storage);
	assert_false(plan.session.task_storage);
	assert_int_equal(item(&plan, STORAGE)->state, PLAN_DEGRADED);
	assert_non_null(strstr(item(&plan, STORAGE)->reason, "real-time"));
	assert_string_equal(item(&plan, STORAGE)->remedy, "Linux 6.4 or later");
	check_items(&plan);
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
		cmocka_unit_test(defaults_leave_nothing_over),
		cmocka_unit_test(the_newest),
		cmocka_unit_test(linux_6_12),
		cmocka_unit_test(linux_6_1),
		cmocka_unit_test(linux_5_10),
		cmocka_unit_test(the_poorest),
		cmocka_unit_test(run_delay_that_is_false),
		cmocka_unit_test(tasks_with_a_state),
		cmocka_unit_test(storage_that_sleeps),
		cmocka_unit_test(without_psi),
		cmocka_unit_test(many_cpus),
		cmocka_unit_test(remedies_are_newer),
		cmocka_unit_test(refusals),
		cmocka_unit_test(no_btf_at_all),
		cmocka_unit_test(group_by_exe),
		cmocka_unit_test(sessions),
		cmocka_unit_test(sessions_refused),
		cmocka_unit_test(state_names),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
