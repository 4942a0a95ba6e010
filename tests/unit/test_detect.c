// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_detect.c - detect/: each rule fires on its fault, names the culprit, and leaves its
 * look-alikes alone.
 */
#include "detect_scene.h"

static void a_starving_process_names_its_neighbour(void **state)
{
	struct scene s;
	int i;

	scene_init(&s);
	for (i = 0; i < 9; i++) {
		calm(&s);
		starve(&s, 1, 2);
		step(&s);
		assert_int_equal(s.started[RULE_STARVATION], 0);
	}
	calm(&s);
	starve(&s, 1, 2);
	step(&s);
	assert_int_equal(s.started[RULE_STARVATION], 1);
	assert_int_equal(s.last.severity, SEVERITY_WARNING);
	assert_int_equal(s.last.who.pid, 10);
	assert_string_equal(s.last.who.unit, "app.service");
	assert_int_equal(s.last.nculprits, 1);
	assert_string_equal(s.last.culprits[0].who.comm, "hog");
	assert_string_equal(s.last.culprits[0].who.unit, "noise.service");
	assert_true(s.last.culprits[0].share > 0.99);
	assert_int_equal(s.last.nparents, 1);
	assert_string_equal(s.last.parents[0].comm, "init");
	assert_true(s.last.observed > 0.87 && s.last.observed < 0.88);
	/* It goes on: an update at most every 30 s. Then it is over, once it has been for 15 s. */
	for (i = 0; i < 61; i++) {
		calm(&s);
		starve(&s, 1, 2);
		step(&s);
	}
	assert_int_equal(s.updated[RULE_STARVATION], 2);
	for (i = 0; i < 14; i++) {
		calm(&s);
		step(&s);
		assert_int_equal(s.ended[RULE_STARVATION], 0);
	}
	calm(&s);
	step(&s);
	assert_int_equal(s.ended[RULE_STARVATION], 1);
	assert_int_equal(s.started[RULE_STARVATION], 1);
	scene_done(&s);
}

/* Three hogs of one unit and their victim on one CPU: all wait, one of them wrongly. */
static void a_hog_is_no_victim_of_its_victim(void **state)
{
	struct scene s;
	int i, k;

	scene_init(&s);
	for (k = 2; k < 5; k++) {
		snprintf(s.processes[k].comm, VIGIE_COMM_LEN, "hog");
		s.places[k] = 2;
	}
	for (i = 0; i < 30; i++) {
		calm(&s);
		for (k = 1; k < 5; k++) {
			s.processes[k].inc.user_ns = 250000000;
			s.processes[k].inc.wait_ns = 700000000;
		}
		s.groups[1].inc.user_ns = 250000000;
		s.groups[2].inc.user_ns = 750000000;
		blame(&s, 1, 2, 240000000);
		blame(&s, 1, 3, 240000000);
		blame(&s, 1, 4, 200000000);
		blame(&s, 2, 1, 250000000); /* all that is known of its wait */
		step(&s);
		assert_true(s.loud <= 1);
	}
	assert_int_equal(s.loud, 1);
	assert_int_equal(s.started[RULE_STARVATION], 4);
	scene_done(&s);
}

/* A lead that turns out to be more, but not by one bad second. */
static void what_gets_worse_is_raised_once(void **state)
{
	struct scene s;
	int i;

	scene_init(&s);
	for (i = 0; i < 40; i++) {
		calm(&s);
		/* It waits for its own kind, in one second for another, from the 20th on always. */
		starve(&s, 1, i == 15 || i >= 20 ? 2 : 1);
		step(&s);
		assert_int_equal(s.raised, i >= 24);
	}
	assert_int_equal(s.started[RULE_STARVATION], 1);
	assert_int_equal(s.loud, 0); /* it did not begin as one */
	assert_int_equal(s.last.severity, SEVERITY_WARNING);
	scene_done(&s);
}

/* make -j8 on two CPUs: everybody waits, for each other. */
static void waiting_for_ones_own_kind_is_no_alarm(void **state)
{
	struct scene s;
	int i;

	scene_init(&s);
	snprintf(s.processes[4].comm, VIGIE_COMM_LEN, "gcc");
	for (i = 0; i < 60; i++) {
		calm(&s);
		starve(&s, 3, 4);
		step(&s);
	}
	assert_int_equal(s.loud, 0);
	scene_done(&s);
}

static void the_young_and_the_throttled_do_not_starve(void **state)
{
	struct scene s;
	int i;

	scene_init(&s);
	s.cgroups[1].stat = &s.stats[1];
	for (i = 0; i < 60; i++) {
		calm(&s);
		s.processes[3].start_ns = s.view.time_ns - 3 * SECOND; /* another one each time */
		s.processes[3].pid = 3000 + i;
		starve(&s, 3, 2);
		s.stats[1].periods += 10;
		s.stats[1].throttled_periods += 9;
		s.stats[1].throttled_ns += 650000000;
		starve(&s, 1, 2);
		step(&s);
	}
	assert_int_equal(s.started[RULE_STARVATION], 0);
	assert_int_equal(s.started[RULE_THROTTLED], 1);
	assert_string_equal(s.last.who.unit, "app.service");
	assert_int_equal(s.last.nculprits, 1);
	assert_int_equal(s.last.culprits[0].who.pid, 10); /* the one who used the quota up */
	assert_true(s.last.culprits[0].share > 0.99);
	scene_done(&s);
}

static void a_runaway_is_found_in_twenty_seconds(void **state)
{
	struct scene s;
	int i;

	scene_init(&s);
	for (i = 0; i < 19; i++) {
		calm(&s);
		burn(&s, 2);
		step(&s);
	}
	assert_int_equal(s.started[RULE_RUNAWAY], 0);
	calm(&s);
	burn(&s, 2);
	step(&s);
	assert_int_equal(s.started[RULE_RUNAWAY], 1);
	assert_int_equal(s.last.who.pid, 20);
	scene_done(&s);
}

/* A backup, a reader of the page cache, a batch that allocates now and then. */
static void who_works_is_no_runaway(void **state)
{
	struct scene s;
	int i;

	scene_init(&s);
	for (i = 0; i < 120; i++) {
		calm(&s);
		burn(&s, 2);
		s.processes[2].inc.read_bytes = 10 * MIB;
		burn(&s, 3);
		s.processes[3].inc.read_chars = 500 * MIB;
		burn(&s, 4);
		s.processes[4].inc.minor_faults = i % 15 ? 0 : 5000;
		step(&s);
	}
	assert_int_equal(s.loud, 0);
	scene_done(&s);
}

static void hold(struct scene *s, int i, double mib)
{
	s->groups[i].rss_bytes[VIGIE_RSS_ANON] = mib * MIB;
	s->processes[i].rss_pages[VIGIE_RSS_ANON] = mib * MIB / PAGE;
}

static void a_fast_leak_is_found_within_half_a_minute(void **state)
{
	struct scene s;
	int i;

	scene_init(&s);
	for (i = 0; i < 300; i++) {
		calm(&s);
		hold(&s, 7, 100);
		step(&s);
	}
	for (i = 0; i < 30 && !s.started[RULE_GROWTH]; i++) {
		calm(&s);
		hold(&s, 7, 100 + 20.0 * i);
		step(&s);
	}
	assert_int_equal(s.started[RULE_GROWTH], 1);
	assert_true(i <= 20);
	assert_int_equal(s.last.who.pid, 70);
	assert_true(s.last.slope_per_s > 15.0 * MIB && s.last.slope_per_s < 25.0 * MIB);
	/* 6 GiB are left: five minutes. */
	assert_true(s.last.exhausted_in_ns > 240 * SECOND && s.last.exhausted_in_ns < 420 * SECOND);
	scene_done(&s);
}

static void a_leak_into_a_limit_is_an_error(void **state)
{
	struct scene s;
	int i;

	scene_init(&s);
	s.cgroups[7].stat = &s.stats[7];
	s.stats[7].memory_limit = 512ULL * MIB;
	for (i = 0; i < 30 && !s.started[RULE_GROWTH]; i++) {
		calm(&s);
		hold(&s, 7, 50 + 10.0 * i);
		s.stats[7].memory_used = s.stats[7].memory_working = (50 + 10ULL * i) * MIB;
		step(&s);
	}
	assert_int_equal(s.started[RULE_GROWTH], 1);
	assert_int_equal(s.last.severity, SEVERITY_ERROR);
	assert_int_equal(s.last.limit_bytes, 512ULL * MIB);
	scene_done(&s);
}

static void a_slow_leak_is_found_within_ten_minutes(void **state)
{
	struct scene s;
	int i;

	scene_init(&s);
	for (i = 0; i < 600 && !s.started[RULE_GROWTH]; i++) {
		calm(&s);
		hold(&s, 7, 200 + 0.1 * i + 3 * (i % 7)); /* 6 MiB a minute, under a noise of 18 */
		step(&s);
	}
	assert_int_equal(s.started[RULE_GROWTH], 1);
	scene_done(&s);
}

/* MiB of a heap that climbs for a cycle of seconds, and is collected. */
static double heap(int i, int cycle, double climbs)
{
	return 300 + climbs * (i % cycle) / cycle;
}

/* Each climb is another one, and now and then one is the highest so far. */
static void a_heap_that_sets_records_is_no_leak(void **state)
{
	struct scene s;
	int i;

	scene_init(&s);
	for (i = 0; i < 7200; i++) {
		calm(&s);
		hold(&s, 7, heap(i, 100, 600 + 30 * (i / 100 % 7)));
		step(&s);
	}
	assert_int_equal(s.loud, 0);
	scene_done(&s);
}

/* What stays after each collection grows: by then it is higher than its swing explains. */
static void a_leak_in_a_swinging_heap_is_found(void **state)
{
	struct scene s;
	int i;

	scene_init(&s);
	for (i = 0; i < 7200 && !s.loud; i++) {
		calm(&s);
		hold(&s, 7, heap(i, 60, 60) + (i > 3600 ? i - 3600 : 0));
		step(&s);
		assert_true(i > 3600 || !s.loud);
	}
	assert_int_equal(s.loud, 1);
	assert_int_equal(s.started[RULE_GROWTH], 1);
	assert_true(i < 3600 + 600);
	scene_done(&s);
}

/* A cache that fills and is full; one that saturates; a heap that is collected; a burst. */
static void what_levels_off_or_falls_back_is_no_leak(void **state)
{
	struct scene s;
	double warm = 0;
	int i;

	scene_init(&s);
	for (i = 0; i < 1200; i++) {
		calm(&s);
		hold(&s, 1, i < 60 ? 20 + 5.0 * i : 320);
		warm += (800 - warm) / 60;
		hold(&s, 2, warm);
		hold(&s, 4, 100 + 8 * (i % 60)); /* eight minutes to the end, if it were one */
		hold(&s, 5, i % 300 < 12 ? 1000 : 100);
		step(&s);
	}
	assert_int_equal(s.loud, 0);
	scene_done(&s);
}

static void a_stall_names_who_holds_the_memory(void **state)
{
	struct scene s;
	int i;

	scene_init(&s);
	s.cgroups[1].stat = &s.stats[1];
	s.stats[1].memory_limit = 100ULL * MIB;
	s.stats[1].memory_used = 99ULL * MIB;
	s.processes[5].cgroup_id = 101; /* in the same limited cgroup */
	hold(&s, 5, 80);
	hold(&s, 2, 4000); /* much more, but elsewhere */
	for (i = 0; i < 10; i++) {
		calm(&s);
		s.processes[1].inc.stall_ns[VIGIE_STALL_CGROUP_RECLAIM] = 300000000;
		step(&s);
	}
	assert_int_equal(s.started[RULE_MEMORY_STALL], 1);
	assert_int_equal(s.last.who.pid, 10);
	assert_string_equal(s.last.culprits[0].who.comm, "cache");
	assert_true(s.last.culprits[0].share > 0.79 && s.last.culprits[0].share < 0.81);
	scene_done(&s);
}

static void an_oom_kill_is_told_at_once(void **state)
{
	struct scene s;
	int i;

	scene_init(&s);
	calm(&s);
	s.oom = (struct oom_view){ .victim_comm = "db",
				   .trigger_comm = "db",
				   .victim = "",
				   .trigger = "",
				   .victim_pid = 70,
				   .victim_bytes = 300ULL * MIB,
				   .victim_cgroup_id = 107 };
	s.view.nooms = 1;
	step_ns(&s, SECOND / 20); /* too short for rates, not for this */
	assert_int_equal(s.started[RULE_OOM_KILL], 1);
	assert_int_equal(s.last.severity, SEVERITY_CRITICAL);
	assert_int_equal(s.last.nculprits, 1);
	for (i = 0; i < 5; i++) {
		calm(&s);
		step(&s);
	}
	assert_int_equal(s.ended[RULE_OOM_KILL], 1);
	scene_done(&s);
}

static void a_fork_storm_but_not_a_compile(void **state)
{
	struct scene s;
	int i;

	scene_init(&s);
	for (i = 0; i < 120; i++) {
		calm(&s);
		s.view.host_forks_inc = 150 + i % 40;
		s.groups[3].inc.starts = 150;
		step(&s);
	}
	assert_int_equal(s.loud, 0);
	for (i = 0; i < 5; i++) {
		calm(&s);
		s.view.host_forks_inc = 8000;
		s.groups[2].inc.starts = 7900;
		step(&s);
	}
	assert_int_equal(s.started[RULE_FORK_STORM], 1);
	assert_string_equal(s.last.culprits[0].who.comm, "hog");
	assert_non_null(strstr(s.last.message, " new processes a second"));
	scene_done(&s);
}

/* Threads are no processes: told by the words, charged to who starts them, and nobody is their parent. */
static void a_storm_of_threads(void **state)
{
	struct scene s;
	int i;

	scene_init(&s);
	for (i = 0; i < 30; i++) {
		calm(&s);
		s.view.host_forks_inc = 10;
		step(&s);
	}
	for (i = 0; i < 5; i++) {
		calm(&s);
		s.view.host_forks_inc = 12000;
		s.groups[2].inc.thread_starts = 11990;
		s.groups[3].inc.starts = 10;
		step(&s);
	}
	assert_int_equal(s.started[RULE_FORK_STORM], 1);
	assert_int_equal(s.last.nculprits, 1);
	assert_string_equal(s.last.culprits[0].who.comm, "hog");
	assert_true(s.last.culprits[0].share > 0.99);
	assert_string_equal(s.last.culprits[0].did, "started most threads");
	assert_non_null(strstr(s.last.message, " new threads a second"));
	scene_done(&s);
}

static void crash(struct scene *s, int i, enum vigie_exit how)
{
	s->groups[i].inc.exits[how] = 1;
	s->groups[i].inc.starts = 1;
}

static void a_crash_loop_but_not_a_restart(void **state)
{
	struct scene s;
	int i;

	scene_init(&s);
	calm(&s);
	s.processes[6].start_ns = s.view.time_ns;
	crash(&s, 1, VIGIE_EXIT_SIGNAL); /* a service is restarted once */
	step(&s);
	for (i = 0; i < 60; i++) {
		calm(&s);
		s.processes[6].start_ns = s.view.time_ns;
		step(&s);
	}
	for (i = 0; i < 120; i++) {
		calm(&s);
		/* A script whose subshells say no: at once, and a hundred times. */
		if (i % 2)
			crash(&s, 4, VIGIE_EXIT_ERROR);
		step(&s);
	}
	assert_int_equal(s.loud, 0);
	/* Four workers of a service that is stopped soon after its start, all at once. */
	calm(&s);
	s.processes[7].start_ns = s.view.time_ns;
	s.groups[7].processes = 4;
	s.groups[7].inc.exits[VIGIE_EXIT_SIGNAL] = s.groups[7].inc.starts = 4;
	step(&s);
	assert_int_equal(s.loud, 0);
	for (i = 0; i < 20 && !s.started[RULE_CRASH_LOOP]; i++) {
		calm(&s);
		s.processes[6].start_ns = s.view.time_ns;
		if (i % 3 == 2)
			crash(&s, 6, VIGIE_EXIT_SIGNAL);
		step(&s);
	}
	assert_int_equal(s.started[RULE_CRASH_LOOP], 1);
	assert_string_equal(s.last.who.comm, "crash");
	scene_done(&s);
}

static void our_own_losses_are_told(void **state)
{
	struct scene s;

	scene_init(&s);
	calm(&s);
	s.view.stat.loss[VIGIE_LOSS_RING_FULL] = 3; /* of before */
	step(&s);
	assert_int_equal(s.started[RULE_SELF_LOSS], 0);
	s.view.stat.loss[VIGIE_LOSS_DELAY_FULL] = 1000; /* folded, not lost */
	step(&s);
	assert_int_equal(s.started[RULE_SELF_LOSS], 0);
	s.view.stat.loss[VIGIE_LOSS_RING_FULL] = 5;
	step(&s);
	assert_int_equal(s.started[RULE_SELF_LOSS], 1);
	assert_true(s.last.observed == 2);
	scene_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_starving_process_names_its_neighbour),
		cmocka_unit_test(a_hog_is_no_victim_of_its_victim),
		cmocka_unit_test(what_gets_worse_is_raised_once),
		cmocka_unit_test(waiting_for_ones_own_kind_is_no_alarm),
		cmocka_unit_test(the_young_and_the_throttled_do_not_starve),
		cmocka_unit_test(a_runaway_is_found_in_twenty_seconds),
		cmocka_unit_test(who_works_is_no_runaway),
		cmocka_unit_test(a_fast_leak_is_found_within_half_a_minute),
		cmocka_unit_test(a_leak_into_a_limit_is_an_error),
		cmocka_unit_test(a_slow_leak_is_found_within_ten_minutes),
		cmocka_unit_test(a_heap_that_sets_records_is_no_leak),
		cmocka_unit_test(a_leak_in_a_swinging_heap_is_found),
		cmocka_unit_test(what_levels_off_or_falls_back_is_no_leak),
		cmocka_unit_test(a_stall_names_who_holds_the_memory),
		cmocka_unit_test(an_oom_kill_is_told_at_once),
		cmocka_unit_test(a_fork_storm_but_not_a_compile),
		cmocka_unit_test(a_storm_of_threads),
		cmocka_unit_test(a_crash_loop_but_not_a_restart),
		cmocka_unit_test(our_own_losses_are_told),
	};

	return cmocka_run_group_tests_name("detect", tests, NULL, NULL);
}
