// SPDX-License-Identifier: GPL-2.0-only
/* test_parse.c - base/parse: what is a number, what is not, and that ret stays untouched. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/parse.h"

#define UNTOUCHED 0xdeadbeefULL
#define SECOND 1000000000ULL

static void check_u64(const char *text, uint64_t min, uint64_t max, int err, uint64_t want)
{
	uint64_t v = UNTOUCHED;

	if (parse_u64(text, min, max, &v) != err || v != (err ? UNTOUCHED : want))
		fail_msg("'%s': not %d, or %ju", text, err, (uintmax_t)v);
}

static void check_ns(const char *text, int err, uint64_t want)
{
	uint64_t v = UNTOUCHED;

	if (parse_duration(text, 0, UINT64_MAX, &v) != err || v != (err ? UNTOUCHED : want))
		fail_msg("'%s': not %d, or %ju", text, err, (uintmax_t)v);
}

static void check_size(const char *text, int err, uint64_t want)
{
	uint64_t v = UNTOUCHED;

	if (parse_size(text, 1, 1ULL << 40, &v) != err || v != (err ? UNTOUCHED : want))
		fail_msg("'%s': not %d, or %ju", text, err, (uintmax_t)v);
}

static void check_percent(const char *text, int err, uint64_t want)
{
	uint64_t v = UNTOUCHED;

	if (parse_percent(text, 1000, 1000000000, &v) != err || v != (err ? UNTOUCHED : want))
		fail_msg("'%s': not %d, or %ju", text, err, (uintmax_t)v);
}

static void percents(void **state)
{
	check_percent("1%", 0, 10000000);
	check_percent("0.5%", 0, 5000000);
	check_percent("100%", 0, 1000000000);
	check_percent("0.0001%", 0, 1000);
	check_percent("12.3456789%", 0, 123456789);
	check_percent("100.1%", -ERANGE, 0);
	check_percent("0.00009%", -ERANGE, 0);
	check_percent("18446744073709551615%", -ERANGE, 0);
	check_percent("0%", -ERANGE, 0);
	check_percent("1.00000001%", -EINVAL, 0);
	check_percent("1", -EINVAL, 0);
	check_percent("1 %", -EINVAL, 0);
	check_percent("1.%", -EINVAL, 0);
	check_percent(".5%", -EINVAL, 0);
	check_percent("-1%", -EINVAL, 0);
	check_percent("1%%", -EINVAL, 0);
	check_percent("%", -EINVAL, 0);
	check_percent("", -EINVAL, 0);
}

static void sizes(void **state)
{
	check_size("256MB", 0, 256000000);
	check_size("1GiB", 0, 1 << 30);
	check_size("512KiB", 0, 512 << 10);
	check_size("4096B", 0, 4096);
	check_size("7kB", 0, 7000);
	check_size("0B", -ERANGE, 0);
	check_size("2000000GB", -ERANGE, 0);
	check_size("99999999999999999999MB", -ERANGE, 0);
	check_size("18446744073709551615GiB", -ERANGE, 0);
	check_size("256", -EINVAL, 0);
	check_size("MB", -EINVAL, 0);
	check_size("1.5GB", -EINVAL, 0);
	check_size("-1MB", -EINVAL, 0);
	check_size("1 MB", -EINVAL, 0);
	check_size("1mb", -EINVAL, 0);
	check_size("", -EINVAL, 0);
}

static void numbers(void **state)
{
	check_u64("0", 0, UINT64_MAX, 0, 0);
	check_u64("9838", 1, 65535, 0, 9838);
	check_u64("007", 0, 10, 0, 7);
	check_u64("18446744073709551615", 0, UINT64_MAX, 0, UINT64_MAX);
}

static void numbers_that_are_none(void **state)
{
	static const char *const bad[] = { "",	   " 1",  "1 ",	 "+1",	"-1",
					   "0x10", "1e3", "12a", "1.0", "\t7",
					   "1\n",  "--",  "٣",	 "1,0", "99999999999999999999x" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_u64(bad[i], 0, UINT64_MAX, -EINVAL, 0);
}

static void numbers_out_of_range(void **state)
{
	check_u64("0", 1, 65535, -ERANGE, 0);
	check_u64("65536", 1, 65535, -ERANGE, 0);
	check_u64("18446744073709551616", 0, UINT64_MAX, -ERANGE, 0);
	check_u64("99999999999999999999999", 0, UINT64_MAX, -ERANGE, 0);
}

static void durations(void **state)
{
	check_ns("0s", 0, 0);
	check_ns("1ns", 0, 1);
	check_ns("5us", 0, 5000);
	check_ns("250ms", 0, 250 * 1000 * 1000);
	check_ns("1s", 0, SECOND);
	check_ns("10m", 0, 600 * SECOND);
	check_ns("1.5h", 0, 5400 * SECOND);
	check_ns("2d", 0, 2 * 86400 * SECOND);
	check_ns("0.000000001s", 0, 1);
	check_ns("1.000000000000000000000s", 0, SECOND);
	check_ns("18446744073.709551615s", 0, UINT64_MAX);
}

static void durations_that_are_none(void **state)
{
	static const char *const bad[] = {
		"",	"s",	 "1",	 "1.s",	 ".5s", "1..5s", "1.5.5s",
		"-1s",	"+1s",	 "1 s",	 " 1s",	 "1s ", "1sec",	 "1S",
		"1ms2", "0.5ns", "1,5s", "1e3s", "1.5", "infs",	 "1.0000000000000000000001s"
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_ns(bad[i], -EINVAL, 0);
}

static void durations_out_of_range(void **state)
{
	uint64_t v = UNTOUCHED;

	check_ns("18446744073.709551616s", -ERANGE, 0);
	check_ns("213504d", -ERANGE, 0);
	check_ns("99999999999999999999999ns", -ERANGE, 0);
	assert_int_equal(parse_duration("9ms", 10000000, SECOND, &v), -ERANGE);
	assert_int_equal(parse_duration("1001ms", 10000000, SECOND, &v), -ERANGE);
	assert_true(v == UNTOUCHED);
	assert_int_equal(parse_duration("10ms", 10000000, SECOND, &v), 0);
	assert_true(v == 10000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(sizes),
		cmocka_unit_test(percents),
		cmocka_unit_test(numbers_that_are_none),
		cmocka_unit_test(numbers_out_of_range),
		cmocka_unit_test(durations),
		cmocka_unit_test(durations_that_are_none),
		cmocka_unit_test(durations_out_of_range),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
