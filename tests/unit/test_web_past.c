// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_web_past.c - what the page asks of the past, and the points of its bar.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#define json_bool json_c_bool /* a type there, a function of ours here */
#include <json-c/json.h>
#undef json_bool

#include "web/question.h"
#include "web/range.h"

#define S 1000000000ull
#define T0 (1790000000 * S)

/* --- Questions. */

static struct web_question good(enum web_ask ask, const char *query)
{
	struct web_question q;
	const char *why = NULL;

	assert_int_equal(web_question_parse(ask, query, &q, &why), 0);
	assert_true(web_question_is_sound(&q));
	return q;
}

static void refused(enum web_ask ask, const char *query, const char *want)
{
	struct web_question q, before;
	const char *why = NULL;

	memset(&q, 0x5a, sizeof(q));
	before = q;
	assert_true(web_question_parse(ask, query, &q, &why) < 0);
	assert_memory_equal(&q, &before, sizeof(q));
	if (!why || !strstr(why, want))
		fail_msg("'%s': '%s', not '%s'", query, why ? why : "", want);
}

static void good_questions(void **state)
{
	struct web_question q = good(WEB_RANGE, "from=1790000000.25&to=1790000001&points=7");

	assert_int_equal(q.from_ns, T0 + S / 4);
	assert_int_equal(q.to_ns, T0 + S);
	assert_int_equal(q.points, 7);
	q = good(WEB_RANGE, NULL);
	assert_int_equal(q.from_ns, 0);
	assert_int_equal(q.points, WEB_POINTS);
	q = good(WEB_INSTANT, "&at=1790000000.123456789987&&by=pid&");
	assert_int_equal(q.at_ns, T0 + 123456789);
	assert_true(q.by_pid);
	assert_int_equal(q.rows, WEB_ROWS);
	assert_int_equal(good(WEB_INSTANT, "rows=8192").rows, WEB_ROWS_MAX);
	q = good(WEB_GROUP, "unit=%2Fa%26b+c&comm=%c3%A9%3D%25");
	assert_string_equal(q.unit, "/a&b c");
	assert_string_equal(q.comm, "\xc3\xa9=%");
	assert_string_equal(good(WEB_SESSION, "id=0123456789ab").id, "0123456789ab");
	assert_true(good(WEB_EVENTS, "after=18446744073709551614").after == UINT64_MAX - 1);
	assert_true(good(WEB_EVENTS, "after=0").after == 0);
	assert_true(good(WEB_EVENTS, "").after == WEB_AFTER_NONE);
}

static void bad_questions(void **state)
{
	static const char *const bad_times[] = { "",	"-1", "1e9", "x", "1.2.3", "99999999999999",
						 "0x5", "1 ", "%00", "." };
	char query[8192];
	size_t i;

	for (i = 0; i < sizeof(bad_times) / sizeof(bad_times[0]); i++) {
		snprintf(query, sizeof(query), "from=%s", bad_times[i]);
		refused(WEB_RANGE, query, "from is Unix time");
	}
	refused(WEB_EVENTS, "after=-1", "after is a number");
	refused(WEB_EVENTS, "after=18446744073709551615", "after is a number");
	refused(WEB_EVENTS, "from=5", "not known here");
	refused(WEB_RANGE, "after=5", "not known here");
	refused(WEB_RANGE, "points=0", "points is");
	refused(WEB_RANGE, "points=2001", "points is");
	refused(WEB_RANGE, "from=5&from=5", "twice");
	refused(WEB_RANGE, "from=5&to=4", "from is after to");
	refused(WEB_INSTANT, "from=5&at=4", "from is after at");
	refused(WEB_RANGE, "at=5", "not known here");
	refused(WEB_RANGE, "from", "not known here");
	refused(WEB_RANGE, "=5", "not known here");
	refused(WEB_INSTANT, "by=user", "by is");
	refused(WEB_INSTANT, "rows=0", "rows is 1 to 8192");
	refused(WEB_INSTANT, "rows=8193", "rows is 1 to 8192");
	refused(WEB_RANGE, "rows=5", "not known here");
	refused(WEB_GROUP, "unit=a", "unit and comm");
	refused(WEB_GROUP, "unit=%4&comm=a", "unit is");
	refused(WEB_GROUP, "unit=%&comm=a", "unit is");
	refused(WEB_GROUP, "unit=%zz&comm=a", "unit is");
	refused(WEB_GROUP, "unit=a%00b&comm=a", "unit is");
	refused(WEB_FINDING, "", "id is needed");
	refused(WEB_FINDING, "id=../../../etc", "id is the 12");
	refused(WEB_FINDING, "id=0123456789AB", "id is the 12");
	refused(WEB_FINDING, "id=0123456789abc", "id is the 12");
	memset(query, 'a', sizeof(query));
	memcpy(query, "unit=", 5);
	query[sizeof(query) - 1] = '\0';
	refused(WEB_GROUP, query, "unit is");
}

/* Whoever gets one from another process takes nothing on trust. */
static void questions_of_nobody(void **state)
{
	const struct web_question group = good(WEB_GROUP, "unit=a&comm=b&from=1&to=2");
	const struct web_question finding = good(WEB_FINDING, "id=0123456789ab");
	struct web_question q;

#define UNSOUND(from, change)                            \
	do {                                             \
		q = (from);                              \
		change;                                  \
		assert_false(web_question_is_sound(&q)); \
	} while (0)
	UNSOUND(group, q.ask = WEB_ASKS);
	UNSOUND(group, q.points = 0);
	UNSOUND(group, q.points = WEB_POINTS_MAX + 1);
	UNSOUND(group, q.by_pid = 2);
	UNSOUND(group, q.rows = 0);
	UNSOUND(group, q.rows = WEB_ROWS_MAX + 1);
	UNSOUND(group, q.from_ns = 3 * S);
	UNSOUND(group, q.to_ns = ~0ull);
	UNSOUND(group, q.at_ns = ~0ull);
	UNSOUND(group, memset(q.unit, 'a', sizeof(q.unit)));
	UNSOUND(group, memset(q.comm, 'a', sizeof(q.comm)));
	UNSOUND(group, q.comm[0] = '\0');
	UNSOUND(group, memcpy(q.id, "../../../etc", FINDING_ID_LEN));
	UNSOUND(finding, memset(q.id, 'a', sizeof(q.id)));
	UNSOUND(finding, q.id[11] = '\0');
	UNSOUND(finding, q.id[3] = '/');
	UNSOUND(finding, memset(q.id, 0, sizeof(q.id)));
#undef UNSOUND
}

/* --- Points. */

static struct web_range range;
static struct json_object *doc;
static struct buf out;

static int range_setup(void **state)
{
	buf_init(&out, 1 << 20);
	return 0;
}

static int range_teardown(void **state)
{
	json_object_put(doc);
	doc = NULL;
	web_range_done(&range);
	buf_done(&out);
	return 0;
}

/* Two CPUs, at second s; busy_s: seconds that they were busy in all so far. */
static void add(double s, double busy_s)
{
	struct snapshot snapshot = { .time_ns = 100 * S + s * S, .wall_ns = T0 + s * S };
	struct web_sample sample;

	snapshot.host.cpu.user_ns = busy_s * S;
	snapshot.host.cpu.idle_ns = (200 + 2 * s - busy_s) * S;
	snapshot.host.memory.total = 1000;
	snapshot.host.memory.available = 250;
	snapshot.host.pressure_known = 1;
	snapshot.host.pressure_ns[PSI_CPU][PSI_SOME] = busy_s * S / 4;
	web_sample_take(&sample, &snapshot);
	web_range_add(&range, &sample);
}

static double value(const char *name, size_t i)
{
	struct json_object *array, *member;

	assert_true(json_object_object_get_ex(doc, name, &array));
	assert_true(i < json_object_array_length(array));
	member = json_object_array_get_idx(array, i);
	return member ? json_object_get_double(member) : -1;
}

static size_t put(void)
{
	struct json j = { .out = &out };
	struct json_object *array;

	buf_clear(&out);
	json_open(&j, NULL, '{');
	web_range_put(&range, &j);
	json_close(&j, '}');
	buf_char(&out, '\0');
	json_object_put(doc);
	doc = json_tokener_parse(out.data);
	assert_non_null(doc);
	assert_true(json_object_object_get_ex(doc, "time", &array));
	return json_object_array_length(array);
}

/* 100 s in 10 points; one busy second among idle ones stays visible, and has its time. */
static void a_spike_stays_one(void **state)
{
	double busy = 0;
	int s;

	assert_int_equal(web_range_init(&range, T0, T0 + 100 * S, 10), 0);
	for (s = 0; s <= 100; s++) {
		busy += s == 37 ? 2 : 0;
		add(s, busy);
	}
	assert_int_equal(put(), 10);
	assert_true(value("cpu_ratio_max", 3) == 1);
	assert_true(value("cpu_ratio", 3) == 0.1);
	assert_true(value("peak_time", 3) == 1790000037);
	assert_true(value("pressure_cpu_ratio", 3) == 0.05);
	assert_true(value("pressure_io_ratio", 3) == 0);
	assert_true(value("memory_used_ratio", 3) == 0.75);
	assert_true(value("cpu_ratio_max", 4) == 0);
	assert_true(value("time", 9) == 1790000100);
}

/* Where nothing was watched there is no line; after a boot counters begin anew. */
static void gaps_and_boots(void **state)
{
	assert_int_equal(web_range_init(&range, T0, T0 + 1000 * S, 100), 0);
	add(0, 0);
	add(10, 1);
	add(400, 700); /* six and a half minutes later */
	add(410, 710);
	put();
	assert_int_equal(put(), 3);
	assert_true(value("cpu_ratio", 0) == 0.05);
	assert_true(value("cpu_ratio", 1) == -1);
	assert_true(value("time", 1) == 1790000400);
	assert_true(value("cpu_ratio", 2) == 0.5);
	add(420, 5); /* less than before */
	assert_int_equal(put(), 4);
	assert_true(value("cpu_ratio", 3) == -1);
}

/* Whatever the clock does: nothing outside its array. */
static void clocks_that_jump(void **state)
{
	assert_int_equal(web_range_init(&range, T0, T0 + 1, 3), 0);
	add(-5, 0);
	add(0, 1);
	add(1e9, 2);
	add(0, 3);
	put();
	web_range_done(&range);
	assert_int_equal(web_range_init(&range, 0, ~0ull, 2000), 0);
	add(0, 1);
	add(5, 2);
	assert_int_equal(put(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_questions),
		cmocka_unit_test(bad_questions),
		cmocka_unit_test(questions_of_nobody),
		cmocka_unit_test_setup_teardown(a_spike_stays_one, range_setup, range_teardown),
		cmocka_unit_test_setup_teardown(gaps_and_boots, range_setup, range_teardown),
		cmocka_unit_test_setup_teardown(clocks_that_jump, range_setup, range_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
