// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_kernel_rest.c - kernel threads that do next to nothing share a group; one that works has its own.
 */
#include "world.h"

enum { QUIET = 20, US = 1000 };

static struct world w;

static struct model *make(enum group_key a, enum group_key b, unsigned int nkeys, bool fold)
{
	struct model_config config;
	struct model *model;

	model_config_default(&config);
	assert_true(config.fold_kernel);
	config.fold_kernel = fold;
	config.nkeys = nkeys;
	config.keys[0] = a;
	config.keys[1] = b;
	model = model__new(&config);
	assert_non_null(model);
	memset(&w, 0, sizeof(w));
	return model;
}

/* Pid i + 2 is the kernel thread "kt<i>", each used 1 us, the first one busy_ns; and a program. */
static const struct view *run(struct model *model, __u64 busy_ns)
{
	char comm[16];
	unsigned int i;

	world_next(&w, SECOND);
	world_process(&w, 1, "program", 7)->inc.user_ns = SECOND / 10;
	for (i = 0; i < QUIET; i++) {
		struct process *p;

		snprintf(comm, sizeof(comm), "kt%u/%u", i, i);
		p = world_process(&w, i + 2, comm, 1);
		p->flags = VIGIE_TASK_KTHREAD;
		p->inc.system_ns = i ? US : busy_ns;
	}
	world_cgroup(&w, 1, "/");
	world_cgroup(&w, 7, "/program.service");
	return world_apply(&w, model);
}

static const struct group_view *rest_of(const struct view *view)
{
	return find_group(view, "(kernel)", GROUP_KERNEL_REST);
}

static void the_quiet_are_one(void **state)
{
	struct model *model = make(KEY_UNIT, KEY_COMM, 2, true);
	const struct view *view;
	unsigned int i;

	(void)state;
	run(model, US);
	view = run(model, US);
	assert_int_equal(view->ngroups, 2);
	assert_non_null(rest_of(view));
	assert_true(rest_of(view)->kernel);
	assert_int_equal(rest_of(view)->total.system_ns, 2 * QUIET * US);
	assert_int_equal(rest_of(view)->inc.system_ns, QUIET * US);
	assert_int_equal(rest_of(view)->processes, QUIET);
	assert_int_equal(view->other.processes, 0);
	assert_int_equal(view->other.total.system_ns, 0);
	assert_int_equal(view->groups_promoted_total, 0);
	for (i = 1; i <= QUIET; i++)
		assert_ptr_equal(&view->groups[view->process_group[i]], rest_of(view));
	model__free(model);
}

/* From the interval on in which it is large; and for as long, and the minutes that scrapers need. */
static void who_works_has_a_name(void **state)
{
	struct model *model = make(KEY_UNIT, KEY_COMM, 2, true);
	const struct view *view;
	__u64 own, folded;
	unsigned int i;

	(void)state;
	run(model, US);
	view = run(model, SECOND / 2);
	assert_int_equal(find_group(view, "(kernel)", "kt0")->total.system_ns, SECOND / 2);
	assert_int_equal(rest_of(view)->total.system_ns, (2 * QUIET - 1) * US);
	assert_int_equal(rest_of(view)->processes, QUIET - 1);
	assert_ptr_equal(&view->groups[view->process_group[1]],
			 find_group(view, "(kernel)", "kt0"));
	own = SECOND / 2;
	folded = rest_of(view)->total.system_ns;
	for (i = 0; i < 1200; i++) {
		const struct group_view *kt0;

		view = run(model, US);
		kt0 = find_group(view, "(kernel)", "kt0");
		assert_true(rest_of(view)->total.system_ns >= folded);
		folded = rest_of(view)->total.system_ns;
		if (!kt0)
			break;
		assert_true(kt0->total.system_ns >= own);
		own = kt0->total.system_ns;
	}
	assert_in_range(i, 300, 1100); /* five minutes' linger, after it had become small */
	assert_int_equal(own + folded, SECOND / 2 + US + (QUIET - 1) * (i + 3) * US + (i + 1) * US);
	view = run(model, US);
	assert_int_equal(rest_of(view)->processes, QUIET);
	for (i = 0; i < 60; i++) /* until all scrapers have seen that it is gone */
		run(model, US);
	view = run(model, SECOND / 2);
	assert_int_equal(find_group(view, "(kernel)", "kt0")->total.system_ns, SECOND / 2);
	model__free(model);
}

/* A page without room: it has a place even so, and never gives it up. */
static void it_has_a_place(void **state)
{
	struct model_config config;
	struct model *model;
	const struct view *view = NULL;
	unsigned int i, second;
	char comm[16];

	(void)state;
	model_config_default(&config);
	config.max_groups = 4;
	model = model__new(&config);
	assert_non_null(model);
	memset(&w, 0, sizeof(w));
	for (second = 0; second < 200; second++) {
		world_next(&w, SECOND);
		for (i = 1; i <= 8; i++) {
			snprintf(comm, sizeof(comm), "hog%u", i);
			world_process(&w, i, comm, 0)->inc.user_ns = SECOND / 5;
		}
		world_process(&w, 9, "kthread", 0)->flags = VIGIE_TASK_KTHREAD;
		view = world_apply(&w, model);
		assert_non_null(rest_of(view));
		assert_int_equal(view->ngroups, 4);
	}
	model__free(model);
}

/* Pids of kernel threads are folded, too, and the group is no PID 0. */
static void by_pid(void **state)
{
	struct model *model = make(KEY_PID, KEY_COMM, 2, true);
	const struct view *view;
	const struct group_view *rest;

	(void)state;
	view = run(model, SECOND / 2);
	rest = find_group(view, GROUP_KERNEL_REST, GROUP_KERNEL_REST);
	assert_non_null(rest);
	assert_int_equal(rest->pid, 0);
	assert_int_equal(rest->start_ns, 0);
	assert_non_null(find_group(view, "2", "kt0"));
	assert_null(find_group(view, "3", NULL));
	model__free(model);
}

/* Where no key tells them apart they are one already; and where it is not wanted they are not. */
static void not_folded(void **state)
{
	struct model *model = make(KEY_UNIT, KEY_COMM, 1, true);
	const struct view *view = run(model, US);

	(void)state;
	assert_int_equal(view->ngroups, 2);
	assert_int_equal(find_group(view, "(kernel)", NULL)->total.system_ns, QUIET * US);
	model__free(model);
	model = make(KEY_UNIT, KEY_COMM, 2, false);
	view = run(model, US);
	assert_int_equal(view->ngroups, QUIET + 1);
	assert_null(rest_of(view));
	model__free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_quiet_are_one), cmocka_unit_test(who_works_has_a_name),
		cmocka_unit_test(it_has_a_place),    cmocka_unit_test(by_pid),
		cmocka_unit_test(not_folded),
	};

	return cmocka_run_group_tests_name("kernel rest", tests, NULL, NULL);
}
