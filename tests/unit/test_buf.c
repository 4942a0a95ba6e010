// SPDX-License-Identifier: GPL-2.0-only
/* test_buf.c - growth, the maximum, the sticky error, and exact digits. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"

static void assert_text(const struct buf *b, const char *want)
{
	assert_int_equal(b->err, 0);
	assert_int_equal(b->len, strlen(want));
	assert_memory_equal(b->data, want, b->len);
}

static void appends_in_order(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_str(&b, "ab");
	buf_char(&b, 'c');
	buf_add(&b, "de", 2);
	buf_add(&b, NULL, 0);
	buf_printf(&b, "-%d-%s", 7, "x");
	assert_text(&b, "abcde-7-x");
	buf_done(&b);
	assert_null(b.data);
	buf_str(&b, "again");
	assert_text(&b, "again");
	buf_done(&b);
}

static void grows_through_many_sizes(void **state)
{
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 1 << 20);
	for (i = 0; i < 100000; i++)
		buf_char(&b, 'a' + i % 26);
	assert_int_equal(b.err, 0);
	assert_int_equal(b.len, 100000);
	for (i = 0; i < b.len; i++)
		assert_int_equal(b.data[i], 'a' + i % 26);
	buf_done(&b);
}

static void the_maximum_can_be_reached_but_not_passed(void **state)
{
	struct buf b;
	int i;

	(void)state;
	buf_init(&b, 1000);
	for (i = 0; i < 1000; i++)
		buf_char(&b, 'x');
	assert_int_equal(b.err, 0);
	assert_int_equal(b.len, 1000);
	assert_in_range(b.cap, 1000, 1000);
	buf_char(&b, 'y');
	assert_int_equal(b.err, -E2BIG);
	assert_int_equal(b.len, 1000);
	buf_done(&b);
}

/* A writer checks once at the end: a hole in the middle must not go unnoticed. */
static void an_error_is_sticky_until_clear(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_str(&b, "abc");
	buf_str(&b, "too long");
	assert_int_equal(b.err, -E2BIG);
	buf_char(&b, 'd');
	assert_int_equal(b.len, 3);
	assert_null(buf_reserve(&b, 0));
	buf_clear(&b);
	buf_char(&b, 'd');
	assert_text(&b, "d");
	buf_done(&b);
}

/* An append that has to grow could forget the error of the one before. */
static void growth_does_not_clear_an_error(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	buf_char(&b, 'a');
	assert_null(buf_reserve(&b, 2000));
	assert_null(buf_reserve(&b, 900));
	assert_int_equal(b.err, -E2BIG);
	buf_done(&b);
}

static void a_huge_reservation_does_not_wrap(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_str(&b, "abc");
	assert_null(buf_reserve(&b, SIZE_MAX));
	assert_int_equal(b.err, -E2BIG);
	buf_done(&b);
}

static void out_of_memory_is_reported(void **state)
{
	struct buf b;

	(void)state;
#ifdef __SANITIZE_ADDRESS__
	skip(); /* the sanitiser takes an impossible size for a bug */
#endif
	buf_init(&b, SIZE_MAX);
	buf_str(&b, "abc");
	assert_null(buf_reserve(&b, (size_t)1 << 60));
	assert_int_equal(b.err, -ENOMEM);
	assert_int_equal(b.len, 3);
	buf_done(&b);
}

static void reserve_then_commit(void **state)
{
	struct buf b;
	char *to;

	(void)state;
	buf_init(&b, 100);
	assert_non_null(buf_reserve(&b, 0));
	to = buf_reserve(&b, 10);
	assert_non_null(to);
	memcpy(to, "12345", 5);
	b.len += 5;
	assert_text(&b, "12345");
	buf_done(&b);
}

static void integers(void **state)
{
	static const uint64_t values[] = { 0, 1, 9, 10, 99, 100, 4294967296, UINT64_MAX };
	char want[32];
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 100);
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		buf_clear(&b);
		buf_u64(&b, values[i]);
		snprintf(want, sizeof(want), "%" PRIu64, values[i]);
		assert_text(&b, want);
	}
	buf_done(&b);
}

static void seconds_are_exact(void **state)
{
	static const struct {
		uint64_t ns;
		const char *want;
	} cases[] = {
		{ 0, "0.000000000" },
		{ 1, "0.000000001" },
		{ 999999999, "0.999999999" },
		{ 1000000000, "1.000000000" },
		{ 12000000345, "12.000000345" },
		/* Beyond 2^53: a float would have lost the last digits. */
		{ 9007199254740993, "9007199.254740993" },
		{ UINT64_MAX, "18446744073.709551615" },
	};
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 100);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&b);
		buf_seconds(&b, cases[i].ns);
		assert_text(&b, cases[i].want);
	}
	buf_done(&b);
}

static void long_printf(void **state)
{
	char text[1000];
	struct buf b;

	(void)state;
	memset(text, 'q', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	buf_init(&b, 10000);
	buf_printf(&b, "%s", text);
	assert_text(&b, text);
	buf_clear(&b);
	buf_printf(&b, "%.255s", text);
	buf_printf(&b, "%.256s", text);
	assert_int_equal(b.len, 511);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appends_in_order),
		cmocka_unit_test(grows_through_many_sizes),
		cmocka_unit_test(the_maximum_can_be_reached_but_not_passed),
		cmocka_unit_test(an_error_is_sticky_until_clear),
		cmocka_unit_test(growth_does_not_clear_an_error),
		cmocka_unit_test(a_huge_reservation_does_not_wrap),
		cmocka_unit_test(out_of_memory_is_reported),
		cmocka_unit_test(reserve_then_commit),
		cmocka_unit_test(integers),
		cmocka_unit_test(seconds_are_exact),
		cmocka_unit_test(long_printf),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
