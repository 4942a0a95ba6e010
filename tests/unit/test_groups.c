// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_groups.c - top N over time: room, promotion, demotion, linger, and what is forgotten.
 */
#include "world.h"

#include "model/groups.h"
#include "model/window.h"

static struct world w;

static struct model *make(unsigned int max_groups, unsigned int max_known)
{
	struct model_config config;
	struct model *model;

	model_config_default(&config);
	config.nkeys = 1;
	config.keys[0] = KEY_COMM;
	config.max_groups = max_groups;
	config.max_known = max_known;
	model = model__new(&config);
	assert_non_null(model);
	memset(&w, 0, sizeof(w));
	return model;
}

/* One interval: process i of n is called "p<first + i>" and used cpu[i] (NULL: 1 ns each). */
static const struct view *run(struct model *model, __u64 dt, unsigned int first, unsigned int n,
			      const __u64 *cpu)
{
	char comm[16];
	unsigned int i;

	world_next(&w, dt);
	for (i = 0; i < n; i++) {
		snprintf(comm, sizeof(comm), "p%u", (first + i) % 1000);
		world_process(&w, first + i + 1, comm, 0)->inc.user_ns = cpu ? cpu[i] : 1;
	}
	return world_apply(&w, model);
}

static void test_room_goes_to_the_heaviest(void **state)
{
	static const __u64 cpu[] = { 1, 5, 2, 4, 3 };
	struct model *model = make(3, 100);
	const struct view *view;

	(void)state;
	view = run(model, SECOND, 0, 5, cpu);
	assert_int_equal(view->ngroups, 3);
	assert_int_equal(user_ns(view, "p1", NULL), 5); /* from its first interval on */
	assert_int_equal(user_ns(view, "p3", NULL), 4);
	assert_int_equal(user_ns(view, "p4", NULL), 3);
	assert_int_equal(view->other.total.user_ns, 3);
	assert_int_equal(view->other.processes, 2);
	model__free(model);
}

/* A little larger than the others only: it takes nobody's place, and waits for its rank. */
static void test_promotion_by_rank(void **state)
{
	static const __u64 before[] = { SECOND / 4, SECOND / 4, SECOND / 4, SECOND / 4, 0 };
	static const __u64 after[] = { SECOND / 4, SECOND / 4, SECOND / 4, SECOND / 4, SECOND / 3 };
	struct model *model = make(4, 100);
	const struct view *view;
	unsigned int i;

	(void)state;
	for (i = 0; i < 60; i++)
		view = run(model, SECOND, 0, 5, before);
	assert_null(find_group(view, "p4", NULL));
	for (i = 0; i < 60; i++) /* the first round was without it */
		view = run(model, SECOND, 0, 5, after);
	assert_null(find_group(view, "p4", NULL));
	assert_int_equal(view->groups_promoted_total, 0);
	run(model, 2 * SECOND, 0, 5, after); /* second round: somebody is demoted */
	for (i = 0; i < 59; i++)
		view = run(model, SECOND, 0, 5, after);
	assert_null(find_group(view, "p4", NULL));
	view = run(model, SECOND, 0, 5, after); /* third: that one has lingered long enough */
	assert_int_equal(view->ngroups, 4);
	assert_int_equal(user_ns(view, "p4", NULL), SECOND / 3);
	assert_int_equal(find_group(view, "p4", NULL)->processes, 1);
	assert_int_equal(view->groups_ended_total, 1);
	assert_int_equal(view->groups_promoted_total, 1);
	view = run(model, SECOND, 0, 5, after);
	assert_int_equal(user_ns(view, "p4", NULL), SECOND / 3 * 2);
	assert_true(view->other.total.user_ns >= 122 * (SECOND / 3));
	model__free(model);
}

/* Demoted: shown without gauges, and everything goes to other from that moment on. */
static void test_demotion(void **state)
{
	static const __u64 even[] = { 50, 40, 30, 20 };
	static const __u64 turned[] = { SECOND / 10 * 8, SECOND, SECOND, SECOND / 2 };
	struct model *model = make(2, 100);
	const struct view *view;
	__u64 total, other;

	(void)state;
	run(model, SECOND, 0, 4, even);
	view = run(model, 61 * SECOND, 0, 4, turned);
	assert_int_equal(view->ngroups, 2);
	assert_false(find_group(view, "p0", NULL)->live);
	assert_true(find_group(view, "p1", NULL)->live);
	assert_int_equal(find_group(view, "p0", NULL)->processes, 0);
	assert_int_equal(view->other.processes, 3);
	total = user_ns(view, "p0", NULL);
	other = view->other.total.user_ns;
	view = run(model, SECOND, 0, 4, even);
	assert_int_equal(user_ns(view, "p0", NULL), total);
	assert_int_equal(find_group(view, "p0", NULL)->inc.user_ns, 0);
	assert_int_equal(view->other.total.user_ns, other + 50 + 30 + 20);
	view = run(model, 5 * MINUTE, 0, 4, turned); /* alive, but its series has lingered out */
	assert_null(find_group(view, "p0", NULL));
	assert_int_equal(view->retired_cpu.user_ns, total);
	model__free(model);
}

static void test_resume_after_demotion(void **state)
{
	static const __u64 even[] = { 50, 40, 30 };
	static const __u64 turned[] = { 8000000, 10000000, 10000000 }; /* too little for a claim */
	static const __u64 back[] = { 15000000, 10000000, 10000000 };
	static const __u64 loud[] = { 60 * SECOND, 0, 0 };
	const __u64 before = 50 + turned[0];
	const struct view *view;
	struct model *model;
	unsigned int quick;

	(void)state;
	for (quick = 0; quick < 2; quick++) {
		model = make(2, 100);
		run(model, SECOND, 0, 3, even);
		view = run(model, 61 * SECOND, 0, 3, turned);
		assert_false(find_group(view, "p0", NULL)->live);
		/* Credited to other, then promoted; or so large that it goes on at once. */
		view = run(model, 61 * SECOND, 0, 3, quick ? loud : back);
		assert_true(find_group(view, "p0", NULL)->live);
		assert_int_equal(user_ns(view, "p0", NULL), before + (quick ? loud[0] : 0));
		view = run(model, SECOND, 0, 3, even);
		assert_int_equal(user_ns(view, "p0", NULL), before + (quick ? loud[0] : 0) + 50);
		assert_int_equal(view->groups_ended_total, 0);
		model__free(model);
	}
}

/* What has gone already goes by the new time, too; what is live is not touched. */
static void test_linger_changes(void **state)
{
	struct model *model = make(10, 100);
	const struct view *view;

	(void)state;
	run(model, SECOND, 0, 2, NULL);
	view = run(model, MINUTE, 0, 1, NULL); /* p1 exited */
	assert_int_equal(user_ns(view, "p1", NULL), 1);
	model__set_linger(model, 20 * MINUTE);
	view = run(model, 10 * MINUTE, 0, 1, NULL);
	assert_int_equal(user_ns(view, "p1", NULL), 1);
	model__set_linger(model, MINUTE);
	view = run(model, SECOND, 0, 1, NULL);
	assert_null(find_group(view, "p1", NULL));
	assert_int_equal(user_ns(view, "p0", NULL), 4);
	assert_int_equal(view->retired_cpu.user_ns, 1);
	model__free(model);
}

static void test_linger_and_return(void **state)
{
	struct model *model = make(10, 100);
	const struct view *view;
	__u64 other;
	int i;

	(void)state;
	run(model, SECOND, 0, 2, NULL);
	view = run(model, 4 * MINUTE, 0, 1, NULL); /* p1 exited */
	assert_int_equal(user_ns(view, "p1", NULL), 1);
	assert_false(find_group(view, "p1", NULL)->live);
	view = run(model, 30 * SECOND, 0, 2, NULL); /* came back in time: resumes */
	assert_int_equal(user_ns(view, "p1", NULL), 2);
	view = run(model, MINUTE, 0, 1, NULL);
	assert_int_equal(user_ns(view, "p1", NULL), 2); /* the linger began anew */
	view = run(model, 5 * MINUTE, 0, 1, NULL);
	assert_null(find_group(view, "p1", NULL)); /* lingered out */
	assert_int_equal(view->retired_cpu.user_ns, 2);
	assert_int_equal(view->groups_ended_total, 1);
	/* Too late. It may not be back at 0 before a scraper has seen that it is gone. */
	for (i = 0; i < 60; i++) {
		other = view->other.total.user_ns;
		view = run(model, SECOND, 0, 1 + i % 2, NULL);
		assert_null(find_group(view, "p1", NULL));
		assert_int_equal(view->other.total.user_ns, other + i % 2);
	}
	run(model, SECOND, 0, 1, NULL);
	view = run(model, SECOND, 0, 2, NULL); /* begins anew */
	assert_int_equal(user_ns(view, "p1", NULL), 1);
	assert_int_equal(view->retired_cpu.user_ns, 2);
	model__free(model);
}

static void test_a_living_group_never_ends(void **state)
{
	static const __u64 idle[] = { 0, 0 }, lingers[] = { 0, 5 * MINUTE };
	struct model_config config;
	const struct view *view = NULL;
	struct model *model;
	unsigned int i, l;

	(void)state;
	for (l = 0; l < 2; l++) {
		model_config_default(&config);
		config.nkeys = 1;
		config.keys[0] = KEY_COMM;
		config.linger_ns = lingers[l];
		model = model__new(&config);
		run(model, SECOND, 0, 2, NULL);
		for (i = 0; i < 100; i++)
			view = run(model, 10 * MINUTE, 0, 2, idle);
		assert_int_equal(view->ngroups, 2);
		assert_int_equal(view->groups_ended_total, 0);
		assert_int_equal(user_ns(view, "p1", NULL), 1);
		model__free(model);
	}
}

/* Alive at no snapshot, but dying in each interval: that is not idle. */
static void test_short_lived_processes_keep_their_group(void **state)
{
	struct model *model = make(10, 100);
	const struct view *view = NULL;
	int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		world_next(&w, MINUTE);
		world_retired(&w, "cc1", 0)->value.inc.user_ns = 3;
		view = world_apply(&w, model);
	}
	assert_int_equal(user_ns(view, "cc1", NULL), 300);
	assert_false(find_group(view, "cc1", NULL)->live);
	model__free(model);
}

/* The page is full of what has exited: a heavy group need not wait for all of the linger. */
static void test_lingering_makes_room(void **state)
{
	static const __u64 heavy[] = { SECOND };
	struct model *model = make(3, 100);
	const struct view *view;

	(void)state;
	run(model, SECOND, 0, 3, NULL);
	view = run(model, SECOND, 10, 1, heavy);
	assert_null(find_group(view, "p10", NULL));
	assert_int_equal(view->ngroups, 3);
	view = run(model, 59 * SECOND, 10, 1, heavy);
	assert_non_null(find_group(view, "p10", NULL));
	assert_int_equal(user_ns(view, "p10", NULL), SECOND);
	assert_int_equal(view->ngroups, 3);
	assert_int_equal(view->retired_cpu.user_ns, 1);
	assert_null(find_group(view, "p0", NULL)); /* all lingered alike: the first by name */
	model__free(model);
}

/* Room that nobody new takes is filled from other at the next round. */
static void test_free_room_is_filled(void **state)
{
	struct model *model = make(2, 100);
	const struct view *view;

	(void)state;
	view = run(model, SECOND, 0, 3, NULL);
	assert_null(find_group(view, "p2", NULL));
	run(model, 30 * SECOND, 1, 2, NULL);
	view = run(model, 5 * MINUTE, 1, 2, NULL);
	assert_int_equal(view->ngroups, 2);
	assert_int_equal(user_ns(view, "p2", NULL), 0); /* this interval's went to other */
	assert_null(find_group(view, "p0", NULL));
	model__free(model);
}

/* All places taken by who does next to nothing: a hog has its own from its first interval on. */
static void test_a_hog_takes_the_place_of_the_least(void **state)
{
	__u64 cpu[31] = { 0 };
	struct model *model = make(20, 100);
	const struct view *view;
	unsigned int i;

	(void)state;
	for (i = 0; i < 30; i++)
		cpu[i] = (1 + i) * 1000;
	run(model, SECOND, 0, 30, cpu);
	cpu[30] = SECOND; /* new */
	view = run(model, SECOND, 0, 31, cpu);
	assert_int_equal(user_ns(view, "p30", NULL), SECOND);
	assert_null(find_group(view, "p10", NULL)); /* the least of those with a place */
	assert_int_equal(view->retired_cpu.user_ns, 11000);
	assert_int_equal(view->ngroups, 20);
	cpu[0] = SECOND; /* known all the time, and in other */
	view = run(model, SECOND, 0, 31, cpu);
	assert_int_equal(user_ns(view, "p0", NULL), SECOND);
	assert_null(find_group(view, "p11", NULL));
	assert_int_equal(view->groups_ended_total, 2);
	assert_int_equal(view->groups_promoted_total, 1);
	model__free(model);
}

/* Of many that are alike nobody drives another out, and bursts take few places in a minute. */
static void test_places_are_taken_rarely(void **state)
{
	__u64 alike[60], burst[60];
	struct model *model = make(20, 1000);
	const struct view *view;
	unsigned int i, k;

	(void)state;
	for (i = 0; i < 60; i++)
		alike[i] = SECOND / 40 + i * 1000000 / 6;
	for (i = 0; i < 50; i++)
		view = run(model, SECOND, 0, 60, alike);
	assert_int_equal(view->groups_ended_total, 0);
	for (k = 0; k < 50; k++) { /* another ten each second, each far larger than the rest */
		for (i = 0; i < 60; i++)
			burst[i] = i / 10 == k % 6 ? SECOND / 5 : 1000;
		view = run(model, SECOND, 0, 60, burst);
	}
	assert_in_range(view->groups_ended_total, 1, 20 / 4 * 2);
	model__free(model);
}

/* Whom the kernel killed, and whom a finding names, however small. */
static void test_the_urgent_have_series_at_once(void **state)
{
	static const __u64 cpu[] = { SECOND, SECOND, SECOND, SECOND, 10, 10 };
	struct model *model = make(4, 100);
	const struct view *view;
	unsigned int i;

	(void)state;
	run(model, SECOND, 0, 6, cpu);
	world_next(&w, SECOND);
	for (i = 0; i < 5; i++)
		world_process(&w, i + 1, (char[]){ 'p', '0' + i, 0 }, 0)->inc.user_ns = cpu[i];
	world_retired(&w, "p5", 0)->value.inc.oom_kills = 1;
	view = world_apply(&w, model);
	assert_int_equal(find_group(view, "p5", NULL)->total.oom_kills, 1);
	assert_int_equal(view->other.total.oom_kills, 0);
	assert_null(find_group(view, "p4", NULL));
	model__favour(model, 5);
	model__favour(model, 6); /* is no more */
	model__favour(model, 77);
	view = run(model, SECOND, 0, 6, cpu);
	assert_int_equal(user_ns(view, "p4", NULL), 10);
	assert_int_equal(view->ngroups, 4);
	for (i = 0; i < 4; i++) { /* four large ones: the two are safe for the linger time */
		view = run(model, 61 * SECOND, 0, 6, cpu);
		assert_true(find_group(view, "p4", NULL)->live);
		assert_non_null(find_group(view, "p5", NULL));
	}
	view = run(model, 61 * SECOND, 0, 6, cpu);
	assert_false(find_group(view, "p4", NULL) && find_group(view, "p4", NULL)->live);
	model__free(model);
}

static void test_too_many_names(void **state)
{
	struct model *model = make(5, 20);
	const struct view *view;
	unsigned int i;

	(void)state;
	view = run(model, SECOND, 0, 50, NULL);
	assert_int_equal(view->groups_known, 20);
	assert_int_equal(view->groups_folded_total, 30);
	assert_int_equal(view->other.total.user_ns, 45);
	assert_int_equal(view->other.processes, 45);
	view = run(model, SECOND, 0, 50, NULL); /* the same ones are not counted again */
	assert_int_equal(view->groups_folded_total, 30);
	/* A storm of names passes, and room is there again. */
	for (i = 0; i < 5; i++)
		run(model, SECOND, 100 + i * 100, 100, NULL);
	run(model, SECOND, 0, 5, NULL);
	view = run(model, SECOND, 900, 3, NULL);
	assert_in_range(view->groups_known, 5, 15);
	model__free(model);
}

static void score_after(struct groups *groups, struct group *group, unsigned int calls, __u64 dt)
{
	const struct shares shares = { .interval_ns = dt, .cpus = 2, .memory_pages = 1000 };
	unsigned int i;

	*group = (struct group){ .seen_ns = 1 };
	for (i = 0; i < calls; i++) {
		group->now.processes = 1;
		group->now.inc.user_ns = dt; /* one of two CPUs */
		group->now.inc.wait_ns = dt / 2;
		group->now.rss_pages[VIGIE_RSS_ANON] = 100;
		groups_rate(groups, &shares, i + 2);
	}
}

/* How often somebody scrapes does not change a rank. */
static void test_scores_are_over_time(void **state)
{
	struct group group, *all = &group;
	struct groups groups = { .all = &all, .n = 1 };
	unsigned int calls;

	(void)state;
	for (calls = 1; calls <= 10000; calls *= 10) {
		score_after(&groups, &group, calls, 30 * SECOND / calls);
		/* One half-life: half of 0.5, half of 0.25, half of 0.1. */
		assert_int_equal((int)(group.cpu * 1e6 + 0.5), 250000);
		assert_int_equal((int)(group.wait * 1e6 + 0.5), 125000);
		assert_int_equal((int)(group.memory * 1e6 + 0.5), 50000);
	}
	score_after(&groups, &group, 100, 100 * SECOND);
	assert_int_equal((int)(group_score(&group) * 1e6 + 0.5), 850000);
}

static void test_window(void **state)
{
	struct window window;
	__u64 t;

	(void)state;
	window_reset(&window);
	assert_int_equal(window_highest(&window, 10, 1000), 0);
	window_add(&window, 10, 1005, 50);
	window_add(&window, 10, 1006, 40);
	assert_int_equal(window_highest(&window, 10, 1006), 50);
	for (t = 1007; t < 1070; t++) {
		window_add(&window, 10, t, 7);
		assert_int_equal(window_highest(&window, 10, t), 50);
	}
	window_add(&window, 10, 1075, 7);
	assert_int_equal(window_highest(&window, 10, 1075), 7);
	assert_int_equal(window_highest(&window, 10, 5000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_room_goes_to_the_heaviest),
		cmocka_unit_test(test_promotion_by_rank),
		cmocka_unit_test(test_demotion),
		cmocka_unit_test(test_resume_after_demotion),
		cmocka_unit_test(test_linger_changes),
		cmocka_unit_test(test_linger_and_return),
		cmocka_unit_test(test_a_living_group_never_ends),
		cmocka_unit_test(test_short_lived_processes_keep_their_group),
		cmocka_unit_test(test_lingering_makes_room),
		cmocka_unit_test(test_free_room_is_filled),
		cmocka_unit_test(test_a_hog_takes_the_place_of_the_least),
		cmocka_unit_test(test_places_are_taken_rarely),
		cmocka_unit_test(test_the_urgent_have_series_at_once),
		cmocka_unit_test(test_too_many_names),
		cmocka_unit_test(test_scores_are_over_time),
		cmocka_unit_test(test_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
