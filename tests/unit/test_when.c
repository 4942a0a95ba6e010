// SPDX-License-Identifier: GPL-2.0-only
/* test_when.c - base/when: moments as people write them, with the C library's own calendar. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "base/when.h"

#define SECOND 1000000000ULL
#define UNTOUCHED 0xdeadbeefULL
#define NOW_S 1795620180ULL /* 2026-11-25 15:23:00 UTC */

static void check(const char *text, int err, __u64 want_s)
{
	__u64 ns = UNTOUCHED;

	if (when_parse(text, NOW_S * SECOND, &ns) != err ||
	    ns != (err ? UNTOUCHED : want_s * SECOND))
		fail_msg("'%s': not %d, or %llu.%09llu", text, err, ns / SECOND, ns % SECOND);
}

static void in_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

static void ago(void **state)
{
	check("now", 0, NOW_S);
	check("0s ago", 0, NOW_S);
	check("90s ago", 0, NOW_S - 90);
	check("90 seconds ago", 0, NOW_S - 90);
	check("10 min ago", 0, NOW_S - 600);
	check("10min ago", 0, NOW_S - 600);
	check("2 hours ago", 0, NOW_S - 7200);
	check("1 day ago", 0, NOW_S - 86400);
	check("3d ago", 0, NOW_S - 3 * 86400);
	check("999999999 d ago", -EINVAL, 0);
	check("10 min", -EINVAL, 0);
	check("-10 min ago", -EINVAL, 0);
	check("10 fortnights ago", -EINVAL, 0);
	check("min ago", -EINVAL, 0);
	check("10 min ago!", -EINVAL, 0);
	check("9999999999 s ago", -EINVAL, 0);
}

static void clocks(void **state)
{
	in_zone("UTC");
	check("15:23", 0, NOW_S);
	check("15:20:30", 0, NOW_S - 150);
	check("00:00", 0, NOW_S - NOW_S % 86400);
	check("15:24", 0, NOW_S + 60 - 86400); /* still to come: yesterday's */
	check("24:00", -EINVAL, 0);
	check("14:60", -EINVAL, 0);
	check("14:03:", -EINVAL, 0);
	check("14:03 ", -EINVAL, 0);
	in_zone("XYZ-2"); /* two hours ahead of UTC */
	check("17:23", 0, NOW_S);
	check("17:24", 0, NOW_S + 60 - 86400);
}

static void dates(void **state)
{
	in_zone("XYZ-2");
	check("2026-11-25 17:23:00", 0, NOW_S);
	check("2026-11-25 17:23", 0, NOW_S);
	check("2026-11-25T15:23:00Z", 0, NOW_S);
	check("2026-11-25T15:23Z", 0, NOW_S);
	in_zone("UTC");
	check("2026-11-25", 0, NOW_S - NOW_S % 86400);
	check("2024-02-29", 0, 1709164800);
	check("2026-02-29", -EINVAL, 0);
	check("2026-02-30", -EINVAL, 0);
	check("2026-04-31 10:00", -EINVAL, 0);
	check("2026-13-01", -EINVAL, 0);
	check("1969-12-31", -EINVAL, 0);
	check("1960-01-01T00:00Z", -EINVAL, 0);
	check("9999-01-01", -EINVAL, 0); /* more than 64 bits of ns */
	check("2026-11-25X10:00", -EINVAL, 0);
	check("2026-11-25 10", -EINVAL, 0);
	check("2026-11-25 10:00 UTC", -EINVAL, 0);
}

static void numbers(void **state)
{
	check("@1795620180", 0, NOW_S);
	check("@0", 0, 0);
	check("@18446744073", 0, 18446744073);
	check("@18446744074", -EINVAL, 0);
	check("@", -EINVAL, 0);
	check("@-1", -EINVAL, 0);
	check("@1.5", -EINVAL, 0);
	check("", -EINVAL, 0);
	check("yesterday", -EINVAL, 0);
}

static void there_and_back(void **state)
{
	static const __u64 moments[] = { 0, 1709164800, NOW_S, NOW_S + 12345 };
	char text[20];
	size_t i;

	in_zone("XYZ-2");
	for (i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		when_format(moments[i] * SECOND, text);
		check(text, 0, moments[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ago),
		cmocka_unit_test(clocks),
		cmocka_unit_test(dates),
		cmocka_unit_test(numbers),
		cmocka_unit_test(there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
