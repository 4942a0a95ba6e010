// SPDX-License-Identifier: GPL-2.0-only
/* test_profiler.c - whom a finding's session is about, and how often one may begin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/capture_targets.h"
#include "daemon/profiler_rate.h"

#define SECOND 1000000000ull

enum { SELF = 900 };

/* --- How often. */

static struct profiler_target process(__u32 pid)
{
	return (struct profiler_target){ .pid = pid, .start_ns = pid * 10 };
}

static bool take(struct profiler_rate *rate, __u64 at_s, __u32 pid)
{
	const struct profiler_target about = process(pid);

	return profiler_rate_take(rate, at_s * SECOND, &about);
}

static void one_a_minute(void **state)
{
	struct profiler_rate rate = { .next = 0 };

	assert_true(take(&rate, 1000, 1));
	assert_false(take(&rate, 1000, 2));
	assert_false(take(&rate, 1059, 2));
	assert_true(take(&rate, 1060, 2));
}

static void twelve_an_hour(void **state)
{
	struct profiler_rate rate = { .next = 0 };
	unsigned int i;

	for (i = 0; i < PROFILER_PER_HOUR; i++)
		assert_true(take(&rate, 1000 + 100 * i, 100 + i));
	assert_false(take(&rate, 1000 + 3500, 200));
	assert_true(take(&rate, 1000 + 3600, 200));
	/* The second of them is the oldest now. */
	assert_false(take(&rate, 1000 + 3661, 201));
	assert_true(take(&rate, 1000 + 3700, 201));
}

static void the_same_process_rests(void **state)
{
	const struct profiler_target reused = { .pid = 7, .start_ns = 71 };
	struct profiler_rate rate = { .next = 0 };

	assert_true(take(&rate, 1000, 7));
	assert_false(take(&rate, 1599, 7));
	/* A pid that is another's by now is another. */
	assert_true(profiler_rate_take(&rate, 1599 * SECOND, &reused));
	assert_true(take(&rate, 1700, 7));
}

/* A refusal is not counted: asking all the time does not put the next one off. */
static void refusals_are_free(void **state)
{
	struct profiler_rate rate = { .next = 0 };
	unsigned int at;

	assert_true(take(&rate, 1000, 1));
	for (at = 1001; at < 1060; at++)
		assert_false(take(&rate, at, 2));
	assert_true(take(&rate, 1060, 2));
}

/* --- Whom. */

static struct process processes[] = {
	{ .pid = 10, .start_ns = 100, .threads = 1, .comm = "web", .inc.user_ns = 5 },
	{ .pid = 11, .start_ns = 110, .threads = 1, .comm = "web", .inc.system_ns = 50 },
	{ .pid = 12, .start_ns = 120, .threads = 1, .comm = "web", .inc.user_ns = 90 },
	{ .pid = 13, .start_ns = 130, .threads = 1, .comm = "db\n", .rss_pages[VIGIE_RSS_ANON] = 1 },
	{ .pid = 14, .start_ns = 140, .threads = 1, .comm = "db\n", .rss_pages[VIGIE_RSS_ANON] = 9 },
	{ .pid = 15, .threads = 1, .comm = "kworker", .flags = VIGIE_TASK_KTHREAD },
	{ .pid = 16, .threads = 0, .comm = "zombie" },
	{ .pid = SELF, .threads = 1, .comm = "vigie", .inc.user_ns = 99 },
	{ .pid = SELF + 1, .ppid = SELF, .threads = 1, .comm = "vigie-writer", .inc.user_ns = 99 },
};
static const __u32 in_group[] = { 0, 0, 1, 2, 2, 2, 2, 2, 2 };
static const struct group_view groups[] = {
	{ .label = { "a.service", "web" } },
	{ .label = { "b.service", "web" } },
	{ .label = { "c.service", "" } },
};
static const struct view view = {
	.keys = { KEY_UNIT, KEY_COMM },
	.nkeys = 2,
	.groups = groups,
	.ngroups = 3,
	.processes = processes,
	.process_group = in_group,
	.nprocesses = sizeof(processes) / sizeof(*processes),
};

static unsigned int suspects(const struct finding *finding, struct profiler_target *targets)
{
	return capture_targets_of(finding, &view, SELF, targets);
}

static void a_process_is_itself(void **state)
{
	const struct finding finding = { .who = { .pid = 10, .start_ns = 100, .comm = "web" } };
	const struct finding reused = { .who = { .pid = 10, .start_ns = 99, .comm = "web" } };
	struct profiler_target t[PROFILER_TARGETS];

	assert_int_equal(suspects(&finding, t), 1);
	assert_int_equal(t[0].pid, 10);
	assert_int_equal(t[0].start_ns, 100);
	assert_int_equal(suspects(&reused, t), 0);
}

static void of_a_group_who_runs_most(void **state)
{
	const struct finding finding = { .who = { .comm = "web", .unit = "a.service" } };
	const struct finding unit = { .who = { .unit = "b.service" } };
	struct profiler_target t[PROFILER_TARGETS];

	assert_int_equal(suspects(&finding, t), 1);
	assert_int_equal(t[0].pid, 11);
	assert_int_equal(suspects(&unit, t), 1);
	assert_int_equal(t[0].pid, 12);
}

/* Names in findings are sanitised, those of processes are raw. */
static void of_who_does_not_run_the_biggest(void **state)
{
	struct finding finding = { .who = { .unit = "c.service", .comm = "db\\x0a" } };
	struct profiler_target t[PROFILER_TARGETS];

	assert_int_equal(suspects(&finding, t), 1);
	assert_int_equal(t[0].pid, 14);
}

static void culprits_come_first_and_nobody_twice(void **state)
{
	const struct finding finding = {
		.who = { .pid = 10 },
		.culprits = { { .who = { .pid = 12 } },
			      { .who = { .pid = 10 } },
			      { .who = { .pid = 13 } },
			      { .who = { .pid = 14 } } },
		.nculprits = 4,
	};
	const struct finding full = {
		.who = { .pid = 10 },
		.culprits = { { .who = { .pid = 11 } },
			      { .who = { .pid = 12 } },
			      { .who = { .pid = 13 } },
			      { .who = { .pid = 14 } } },
		.nculprits = 4,
	};
	struct profiler_target t[PROFILER_TARGETS];

	assert_int_equal(suspects(&finding, t), 4);
	assert_int_equal(t[0].pid, 12);
	assert_int_equal(t[1].pid, 10);
	assert_int_equal(t[3].pid, 14);
	/* Whom it is about has a place, however many did it. */
	assert_int_equal(suspects(&full, t), 4);
	assert_int_equal(t[2].pid, 13);
	assert_int_equal(t[3].pid, 10);
}

static void nobody_who_has_no_inside(void **state)
{
	static const __u32 pids[] = { 15, 16, SELF, SELF + 1, 4711 };
	struct profiler_target t[PROFILER_TARGETS];
	struct finding finding = { .nculprits = 0 };
	unsigned int i;

	assert_int_equal(suspects(&finding, t), 0); /* the host */
	for (i = 0; i < sizeof(pids) / sizeof(*pids); i++) {
		finding.who.pid = pids[i];
		assert_int_equal(suspects(&finding, t), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_a_minute),
		cmocka_unit_test(twelve_an_hour),
		cmocka_unit_test(the_same_process_rests),
		cmocka_unit_test(refusals_are_free),
		cmocka_unit_test(a_process_is_itself),
		cmocka_unit_test(of_a_group_who_runs_most),
		cmocka_unit_test(of_who_does_not_run_the_biggest),
		cmocka_unit_test(culprits_come_first_and_nobody_twice),
		cmocka_unit_test(nobody_who_has_no_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
