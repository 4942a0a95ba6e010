// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_delays.c - victim and culprit pairs: names, sums, bounds.
 */
#include "world.h"

static struct world w;

static struct model *make(unsigned int max_delays, unsigned int nkeys, const enum group_key *keys)
{
	struct model_config config;
	struct model *model;

	model_config_default(&config);
	config.max_delays = max_delays;
	config.nkeys = nkeys;
	memcpy(config.keys, keys, nkeys * sizeof(*keys));
	model = model__new(&config);
	assert_non_null(model);
	memset(&w, 0, sizeof(w));
	return model;
}

static void blame(struct vigie_party victim, struct vigie_party culprit, __u64 wait_ns)
{
	w.culprits[w.snapshot.nculprits++] = (struct vigie_delay){
		.victim = victim,
		.culprit = culprit,
		.wait_ns = wait_ns,
		.waits = 1,
	};
}

static const enum group_key unit_comm[] = { KEY_UNIT, KEY_COMM };
static const enum group_key pid_user_exe[] = { KEY_PID, KEY_USER, KEY_EXE };
static const enum group_key comm_only[] = { KEY_COMM };

static void test_names(void **state)
{
	struct model *model = make(10, 2, unit_comm);
	struct vigie_party kernel = world_party(12, "kworker/1:2", 1);
	const struct view *view;

	(void)state;
	kernel.flags = VIGIE_TASK_KTHREAD;
	world_next(&w, SECOND);
	world_cgroup(&w, 7, "/system.slice/a.service");
	world_cgroup(&w, 8, "/system.slice/b.service");
	world_process(&w, 10, "alive", 7);
	world_process(&w, 11, "renamed", 7);
	/* Alive: where it is now, whatever the kernel side noted. */
	blame(world_party(10, "alive", 8), world_party(0, "", 0), 1);
	/* Another comm: the number may have been reused; the note counts. */
	blame(world_party(11, "before", 8), kernel, 2);
	/* Dead, in a cgroup without a name. */
	blame(world_party(99, "dead\n", 55), world_party(10, "alive", 7), 4);
	view = world_apply(&w, model);
	assert_int_equal(view->ndelays, 3);
	assert_string_equal(view->delays[0].victim, "(unknown cgroup)/dead\\x0a");
	assert_string_equal(view->delays[0].culprit, "a.service/alive");
	assert_int_equal(view->delays[0].wait_ns, 4);
	assert_string_equal(view->delays[1].victim, "a.service/alive");
	assert_string_equal(view->delays[1].culprit, "(idle)");
	assert_string_equal(view->delays[2].victim, "b.service/before");
	assert_string_equal(view->delays[2].culprit, "(kernel)/kworker");
	assert_int_equal(view->ngroups, 2); /* nobody became a group by being named */
	model__free(model);
}

static void test_keys_that_the_dead_cannot_tell(void **state)
{
	struct model *model = make(10, 3, pid_user_exe);
	const struct view *view;
	struct process *p;

	(void)state;
	world_next(&w, SECOND);
	p = world_process(&w, 10, "x", 7);
	p->uid = 5;
	memcpy(p->exe, "prog", 4);
	blame(world_party(10, "x", 7), world_party(77, "y", 7), 1);
	view = world_apply(&w, model);
	assert_string_equal(view->delays[0].victim, "10/5/prog");
	assert_string_equal(view->delays[0].culprit, "77/(unknown)/(unknown)");
	model__free(model);
}

static void test_pairs_are_summed_by_group(void **state)
{
	struct model *model = make(10, 1, comm_only);
	const struct view *view;

	(void)state;
	world_next(&w, SECOND);
	blame(world_party(1, "a", 1), world_party(2, "b", 1), 1);
	blame(world_party(3, "a", 9), world_party(4, "b", 1), 10);
	blame(world_party(0, "", 0), world_party(4, "b", 1), 1000); /* a free cell */
	w.snapshot.culprit_other_ns = 5;
	view = world_apply(&w, model);
	assert_int_equal(view->ndelays, 1);
	assert_int_equal(view->delays[0].wait_ns, 11);
	assert_int_equal(view->delays[0].waits, 2);
	assert_int_equal(view->delay_other_ns, 5);
	world_next(&w, SECOND);
	blame(world_party(1, "a", 1), world_party(2, "b", 1), 100);
	view = world_apply(&w, model);
	assert_int_equal(view->delays[0].wait_ns, 111);
	assert_int_equal(view->delays[0].wait_inc_ns, 100);
	assert_int_equal(view->delay_other_inc_ns, 0);
	model__free(model);
}

static void test_bounds(void **state)
{
	struct model *model = make(2, 1, comm_only);
	const struct view *view;

	(void)state;
	world_next(&w, SECOND);
	blame(world_party(1, "a", 1), world_party(2, "b", 1), 1);
	blame(world_party(1, "b", 1), world_party(2, "a", 1), 2);
	blame(world_party(1, "c", 1), world_party(2, "a", 1), 4);
	view = world_apply(&w, model);
	assert_int_equal(view->ndelays, 2);
	assert_int_equal(view->delay_other_ns, 4);
	world_next(&w, 3 * MINUTE);
	blame(world_party(1, "a", 1), world_party(2, "b", 1), 8);
	view = world_apply(&w, model);
	assert_int_equal(view->delays[1].wait_inc_ns, 0);
	world_next(&w, 2 * MINUTE); /* b waits for a no more */
	view = world_apply(&w, model);
	assert_int_equal(view->ndelays, 1);
	/* For a minute it stays away, or a scraper might see its counter run backwards. */
	world_next(&w, MINUTE);
	blame(world_party(1, "b", 1), world_party(2, "a", 1), 32);
	view = world_apply(&w, model);
	assert_int_equal(view->ndelays, 1);
	assert_int_equal(view->delay_other_ns, 4 + 32);
	world_next(&w, SECOND); /* from now on its place is free for c */
	blame(world_party(1, "c", 1), world_party(2, "a", 1), 16);
	view = world_apply(&w, model);
	assert_int_equal(view->ndelays, 2);
	assert_string_equal(view->delays[0].victim, "a");
	assert_int_equal(view->delays[0].wait_ns, 9);
	assert_string_equal(view->delays[1].victim, "c");
	assert_int_equal(view->delays[1].wait_ns, 16);
	assert_int_equal(view->delay_other_ns, 4 + 32);
	model__free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_keys_that_the_dead_cannot_tell),
		cmocka_unit_test(test_pairs_are_summed_by_group),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
