// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_star.c - the star schema of whatever the clock says. What its tables hold otherwise is in
 * tests/export.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "../golden/view_fixture.h"
#include "export/star.h"

/* Samples at these two moments; the tables as texts. */
static struct star *star_of(__u64 first_ns, __u64 last_ns)
{
	struct star *star = star__new(&star_dialects[0], "h");
	struct fixture f;
	enum star_table t;

	assert_non_null(star);
	fixture_by_unit(&f);
	f.view.wall_ns = first_ns;
	assert_int_equal(star__view(star, &f.view), 0);
	f.view.wall_ns = last_ns;
	assert_int_equal(star__view(star, &f.view), 0);
	assert_int_equal(star__finish(star), 0);
	for (t = 0; t < STAR_TABLES; t++)
		buf_char(star__bytes(star, t), '\0');
	return star;
}

static void assert_has(struct star *star, enum star_table table, const char *text)
{
	assert_non_null(strstr(star__bytes(star, table)->data, text));
}

/* A host whose clock nobody has set: its day is one of the calendar. */
static void a_clock_at_its_begin(void **state)
{
	struct star *star = star_of(0, 3 * SECOND);

	(void)state;
	assert_int_equal(star__rows(star, STAR_CALENDAR), 1);
	assert_has(star, STAR_CALENDAR, "\r\n19700101,1970-01-01,1970,1,1,1,197001,1970,1,4\r\n");
	assert_has(star, STAR_HOSTS, ",1970-01-01 00:00:00,1970-01-01 00:00:03\r\n");
	star__free(star);
}

/* Then it is set: a table of dates has all days between, and both ends. */
static void a_clock_that_was_set(void **state)
{
	struct star *star = star_of(0, 20000 * 86400ULL * SECOND);

	(void)state;
	assert_int_equal(star__rows(star, STAR_CALENDAR), 20001);
	assert_has(star, STAR_CALENDAR, "\r\n19700101,");
	assert_has(star, STAR_CALENDAR, "\r\n20241004,2024-10-04,2024,4,10,4,202410,2024,40,5\r\n");
	star__free(star);
	star = star_of(20000 * 86400ULL * SECOND, 0); /* or the other way round */
	assert_has(star, STAR_HOSTS, ",1970-01-01 00:00:00,2024-10-04 00:00:00\r\n");
	star__free(star);
}

/* The last day that a clock has, of which there is no next. */
static void a_clock_at_its_end(void **state)
{
	struct star *star = star_of(UINT64_MAX - 86400 * SECOND, UINT64_MAX);

	(void)state;
	assert_int_equal(star__rows(star, STAR_CALENDAR), 2);
	assert_has(star, STAR_CALENDAR, "\r\n25540720,2554-07-20,2554,3,7,20,255407,2554,29,6\r\n");
	assert_has(star, STAR_CALENDAR, "\r\n25540721,2554-07-21,2554,3,7,21,255407,2554,29,7\r\n");
	star__free(star);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clock_at_its_begin),
		cmocka_unit_test(a_clock_that_was_set),
		cmocka_unit_test(a_clock_at_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
