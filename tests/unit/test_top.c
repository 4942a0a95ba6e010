// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_top.c - the load of a day, of whatever the clock says. What is on the screen is in test_tui.c
 * and in tests/golden/screens.
 */
#include "world.h"

#include "app/top.h"
#include "base/units.h"

enum { BIN_S = 86400 / TUI_BAR_BINS, STEP_S = 10, PATIENCE = 100000 };

struct day {
	struct world world;
	struct top top;
};

static struct day *day_new(void)
{
	struct day *day = calloc(1, sizeof(*day));

	assert_non_null(day);
	assert_int_equal(moments__open(-1, &day->top.moments), 0);
	return day;
}

static void day_free(struct day *day)
{
	moments__free(day->top.moments);
	free(day);
}

/* A sample at that time of the wall clock, with so much of its interval busy on both CPUs. */
static void day_sample(struct day *day, __u64 wall_ns, unsigned int busy_permille)
{
	struct host_cpu *cpu = &day->world.snapshot.host.cpu;
	__u64 both_ns = 2 * STEP_S * SECOND;

	world_next(&day->world, STEP_S * SECOND);
	cpu->user_ns += both_ns * busy_permille / 1000;
	cpu->idle_ns += both_ns - both_ns * busy_permille / 1000;
	day->world.snapshot.wall_ns = wall_ns;
	day->world.snapshot.stat.snapshots++;
	world_process(&day->world, 1, "init", 7);
	assert_int_equal(moments__add(day->top.moments, &day->world.snapshot), 0);
}

static void day_catch_up(struct day *day)
{
	unsigned int i;

	for (i = 0; i < PATIENCE && top_bar_step(&day->top); i++)
		;
	assert_true(i < PATIENCE); /* it comes to an end */
}

static unsigned int busy_bins(const struct day *day)
{
	unsigned int i, n = 0;

	for (i = 0; i < TUI_BAR_BINS; i++)
		n += day->top.bar.load[i] != TUI_BAR_UNKNOWN && day->top.bar.load[i] > 500;
	return n;
}

static unsigned int known_bins(const struct day *day)
{
	unsigned int i, n = 0;

	for (i = 0; i < TUI_BAR_BINS; i++)
		n += day->top.bar.load[i] != TUI_BAR_UNKNOWN;
	return n;
}

/*
 * What the bar knows stays as it moves on, also of samples that had no room for long: it was read
 * once. After a day it has gone.
 */
static void a_spike_moves_with_the_day(void **state)
{
	const __u64 begin = 1700000100 * SECOND, hour = 3600 / STEP_S;
	struct day *day = day_new();
	__u64 i;

	(void)state;
	moments__keep_at_most(day->top.moments, 4096);
	for (i = 0; i < 27 * hour; i++) {
		bool busy = i >= hour && i < hour + hour / 2;

		day_sample(day, begin + i * STEP_S * SECOND, busy ? 900 : 100);
		top_bar_step(&day->top);
		if (i == 3 * hour) {
			assert_true(moments__count(day->top.moments) < hour);
			assert_in_range(known_bins(day), 3 * 12 - 2, 3 * 12 + 1);
		}
		if (i == 3 * hour || i == 24 * hour)
			assert_in_range(busy_bins(day), 6, 7);
		if (i == 26 * hour)
			assert_int_equal(known_bins(day), TUI_BAR_BINS);
	}
	assert_int_equal(busy_bins(day), 0);
	day_free(day);
}

/* A clock that nobody has set, or that somebody has set to the end of time. */
static void clocks_at_their_ends(void **state)
{
	static const __u64 begins[] = { 0, 5 * SECOND, 86400 * SECOND - 1, 86400 * SECOND,
					UINT64_MAX - 1200 * SECOND };
	size_t i, k;

	(void)state;
	for (k = 0; k < sizeof(begins) / sizeof(*begins); k++) {
		struct day *day = day_new();

		for (i = 0; i < 1200 / STEP_S; i++) {
			day_sample(day, begins[k] + i * STEP_S * SECOND, 900);
			day_catch_up(day);
		}
		assert_true(day->top.bar.to_ns - day->top.bar.from_ns == DAY_NS);
		assert_in_range(busy_bins(day), 2, 1200 / BIN_S + 1);
		day_free(day);
	}
}

/* Nothing of it is in the day before, and it ends. */
static void a_clock_that_jumps(void **state)
{
	struct day *day = day_new();
	size_t i;

	(void)state;
	for (i = 0; i < 100; i++)
		day_sample(day, 1000 * SECOND + i * STEP_S * SECOND, 900);
	day_catch_up(day);
	assert_true(busy_bins(day) > 0);
	for (i = 0; i < 100; i++)
		day_sample(day, 1700000000 * SECOND + i * STEP_S * SECOND, 100);
	day_catch_up(day);
	assert_int_equal(busy_bins(day), 0);
	for (i = 0; i < 100; i++)
		day_sample(day, UINT64_MAX - i, 900);
	day_catch_up(day);
	day_free(day);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_spike_moves_with_the_day),
		cmocka_unit_test(clocks_at_their_ends),
		cmocka_unit_test(a_clock_that_jumps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
