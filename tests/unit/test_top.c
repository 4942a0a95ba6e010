// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_top.c - the load of a day, of whatever the clock says; findings by time, however many. What is
 * on the screen is in test_tui.c and in tests/golden/screens.
 */
#include "world.h"

#include <unistd.h>

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

/* --- Findings. */

static char log_dir[] = "/tmp/vigie-top.XXXXXX";

static int log_setup(void **state)
{
	(void)state;
	memcpy(log_dir + sizeof(log_dir) - 7, "XXXXXX", 6);
	return mkdtemp(log_dir) ? 0 : -1;
}

static int log_teardown(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/events.ndjson", log_dir);
	unlink(path);
	return rmdir(log_dir);
}

static FILE *log_open(void)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/events.ndjson", log_dir);
	file = fopen(path, "w");
	assert_non_null(file);
	return file;
}

/* Of day 1 of 2026, so many seconds on; it began before. */
static void log_event(FILE *log, const char *action, unsigned int id, unsigned int pattern,
		      unsigned int at_s, unsigned int since_s)
{
	fprintf(log,
		"{\"@timestamp\":\"2026-01-01T%02u:%02u:%02u.000Z\",\"message\":\"%u\","
		"\"log\":{\"level\":\"warning\"},\"event\":{\"action\":\"%s\","
		"\"start\":\"2026-01-01T%02u:%02u:%02u.000Z\"},"
		"\"vigie\":{\"finding\":{\"id\":\"%012x\",\"pattern\":\"%012x\"}}}\n",
		at_s / 3600, at_s / 60 % 60, at_s % 60, id, action, since_s / 3600,
		since_s / 60 % 60, since_s % 60, id, pattern);
}

#define NEW_YEAR (1767225600ULL * SECOND)

/* By when they began, not by when they were said; and by their ids, wherever they stand by then. */
static void findings_in_their_order(void **state)
{
	struct top_findings f = { 0 };
	FILE *log = log_open();
	size_t i;

	(void)state;
	log_event(log, "finding-start", 1, 1, 100, 90);
	log_event(log, "finding-start", 2, 2, 101, 30); /* found later, began before */
	log_event(log, "finding-start", 3, 3, 102, 60);
	log_event(log, "finding-end", 1, 1, 110, 90);
	log_event(log, "finding-update", 3, 3, 400, 60);
	log_event(log, "finding-end", 3, 3, 500, 60);
	fclose(log);
	assert_int_equal(top_findings_read(&f, log_dir), 0);
	assert_int_equal(top_findings_read(&f, log_dir), 0); /* again: they are there */
	assert_int_equal(f.n, 3);
	for (i = 0; i < 3; i++)
		assert_string_equal(f.all[i].message, i == 0 ? "2" : i == 1 ? "3" : "1");
	assert_true(f.all[2].until_wall_ns == NEW_YEAR + 110 * SECOND);
	assert_true(f.all[1].until_wall_ns == NEW_YEAR + 500 * SECOND);
	assert_int_equal(f.all[0].until_wall_ns, 0);
	assert_int_equal(top_findings_at(&f, NEW_YEAR + 105 * SECOND), 3);
	assert_int_equal(top_findings_at(&f, NEW_YEAR + 450 * SECOND), 2);
	assert_int_equal(top_findings_at(&f, NEW_YEAR + 2000 * SECOND), 0);
	assert_string_equal(top_findings_beside(&f, NEW_YEAR + 30 * SECOND, 1)->message, "3");
	assert_string_equal(top_findings_beside(&f, NEW_YEAR + 60 * SECOND, -1)->message, "2");
	assert_null(top_findings_beside(&f, NEW_YEAR + 90 * SECOND, 1));
	top_findings_done(&f);
}

/* Of a pattern that goes on, another id is the same finding; of one that is over it is another. */
static void findings_that_go_on(void **state)
{
	struct top_findings f = { 0 };
	FILE *log = log_open();

	(void)state;
	log_event(log, "finding-start", 1, 7, 100, 90);
	log_event(log, "finding-start", 2, 8, 100, 95);
	log_event(log, "finding-end", 2, 8, 120, 95);
	log_event(log, "finding-start", 3, 7, 200, 190); /* vigie began anew, 1 goes on */
	log_event(log, "finding-start", 4, 8, 200, 195); /* 2 was over */
	log_event(log, "finding-start", 5, 9, 200, 196); /* of nobody's pattern */
	log_event(log, "finding-start", 16, 8, 300, 290); /* 4 is not */
	log_event(log, "finding-start", 6, 8, 1000,
		  990); /* nobody has heard of 4 for ten minutes */
	log_event(log, "finding-update", 4, 8, 1100, 195);
	fclose(log);
	assert_int_equal(top_findings_read(&f, log_dir), 0);
	assert_int_equal(f.n, 5);
	assert_string_equal(f.all[0].message, "3");
	assert_string_equal(f.all[0].id, "000000000001");
	assert_string_equal(f.all[1].message, "2");
	assert_string_equal(f.all[2].message, "4");
	assert_true(f.all[2].seen_wall_ns == NEW_YEAR + 1100 * SECOND);
	assert_string_equal(f.all[3].message, "5");
	assert_string_equal(f.all[4].message, "6");
	top_findings_done(&f);
}

/* More than there is room for: the last ones are there, each once, with their ends. */
static void more_findings_than_room(void **state)
{
	enum { LOGGED = 500 };
	struct top_findings f = { .max = 64 };
	FILE *log = log_open();
	char id[FINDING_ID_LEN];
	unsigned int i;

	(void)state;
	for (i = 0; i < LOGGED; i++) {
		log_event(log, "finding-start", i, i % 3, 10 * i + 5, 10 * i);
		if (i >= 2) /* those under way overlap */
			log_event(log, "finding-end", i - 2, (i - 2) % 3, 10 * i + 6, 10 * i - 20);
	}
	fclose(log);
	assert_int_equal(top_findings_read(&f, log_dir), 0);
	assert_in_range(f.n, 32, 64);
	for (i = 0; i < f.n; i++) {
		unsigned int at = LOGGED - f.n + i;

		snprintf(id, sizeof(id), "%012x", at);
		assert_string_equal(f.all[i].id, id);
		assert_true(f.all[i].until_wall_ns ==
			    (at < LOGGED - 2 ? NEW_YEAR + (10 * at + 26) * SECOND : 0));
	}
	top_findings_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_spike_moves_with_the_day),
		cmocka_unit_test(clocks_at_their_ends),
		cmocka_unit_test(a_clock_that_jumps),
		cmocka_unit_test_setup_teardown(findings_in_their_order, log_setup, log_teardown),
		cmocka_unit_test_setup_teardown(findings_that_go_on, log_setup, log_teardown),
		cmocka_unit_test_setup_teardown(more_findings_than_room, log_setup, log_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
