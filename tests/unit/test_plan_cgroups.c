// SPDX-License-Identifier: GPL-2.0-only
/* test_plan_cgroups.c - collect/plan: which hierarchies name a process and say what a unit costs. */
#include "plan_facts.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cgroup_v1),
		cmocka_unit_test(cgroup_hybrid),
		cmocka_unit_test(cgroup_trees),
		cmocka_unit_test(a_part_of_the_cgroups),
		cmocka_unit_test(limits_by_controller),
		cmocka_unit_test(units_by_controller),
		cmocka_unit_test(cgroup_unnamed),
	};

	return cmocka_run_group_tests_name("plan, cgroups", tests, NULL, NULL);
}
