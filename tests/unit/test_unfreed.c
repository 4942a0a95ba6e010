// SPDX-License-Identifier: GPL-2.0-only
/* test_unfreed.c - who ended and still owes, also while there is no room for all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collect/unfreed.h"

static void who_ended_owes_until_it_is_freed(void **state)
{
	struct unfreed u = { 0 };

	(void)state;
	unfreed_count(&u, 7, 2, 100, false); /* whatever was before the first pass */
	assert_int_equal(u.now, 0);
	unfreed_count(&u, 17, 2, 104,
		      false); /* ten were born, six of them are not there any more */
	assert_int_equal(u.now, 6);
	unfreed_count(&u, 17, 7, 104, false);
	assert_int_equal(u.now, 1);
	unfreed_count(&u, 17, 8, 104, false);
	assert_int_equal(u.now, 0);
	/* One that was older than the probes is freed, and was in the first pass. */
	unfreed_count(&u, 17, 9, 103, false);
	assert_int_equal(u.now, 0);
}

/* Fifty were there before us and were passed over; they get room, and some of them end. */
static void who_was_passed_over_owes_nothing(void **state)
{
	struct unfreed u = { 0 };

	(void)state;
	unfreed_count(&u, 0, 0, 100, true);
	assert_int_equal(u.now, 0);
	unfreed_count(&u, 10, 0, 107, true); /* three owe, as far as one can tell: not told */
	assert_int_equal(u.now, 0);
	unfreed_count(&u, 10, 3, 157, false); /* all have room: from here on */
	assert_int_equal(u.now, 0);
	unfreed_count(&u, 10, 3, 152, false);
	assert_int_equal(u.now, 5);
	unfreed_count(&u, 10, 8, 152, false);
	assert_int_equal(u.now, 0);
}

/* What was owed before a crowd came is owed still while it is there, and after it. */
static void what_was_owed_stays(void **state)
{
	struct unfreed u = { 0 };

	(void)state;
	unfreed_count(&u, 0, 0, 100, false);
	unfreed_count(&u, 4, 0, 100, false);
	assert_int_equal(u.now, 4);
	unfreed_count(&u, 4, 0, 2800, true); /* found, not born: in no count of births */
	assert_int_equal(u.now, 4);
	unfreed_count(&u, 4, 0, 100, false);
	assert_int_equal(u.now, 4);
	unfreed_count(&u, 4, 4, 100, false);
	assert_int_equal(u.now, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_ended_owes_until_it_is_freed),
		cmocka_unit_test(who_was_passed_over_owes_nothing),
		cmocka_unit_test(what_was_owed_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
