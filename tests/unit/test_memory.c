// SPDX-License-Identifier: GPL-2.0-only
/* test_memory.c - daemon/memory: the least, the default, and that more is never less of anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <cmocka.h>

#include "daemon/memory.h"
#include "vigie/abi.h"

static const struct memory_needs usual = { .cpus = 2, .max_groups = 100 };

static void below_the_least_there_is_none(void **state)
{
	struct memory_shares shares = { .tasks = 7 };
	uint64_t least = memory_least(&usual);

	assert_true(least > 20000000 && least < 40000000);
	assert_int_equal(memory_divide(least - 1, &usual, &shares), -ENOSPC);
	assert_int_equal(shares.tasks, 7);
	assert_int_equal(memory_divide(least, &usual, &shares), 0);
	assert_int_equal(shares.tasks, 1024);
	assert_int_equal(shares.retired, 1024);
	assert_int_equal(shares.groups, 256);
	assert_int_equal(shares.cgroups, 512);
}

static void more_is_never_less(void **state)
{
	struct memory_shares before = { 0 }, shares;
	uint64_t limit;

	for (limit = memory_least(&usual); limit < 4000000000ULL; limit += 999999) {
		assert_int_equal(memory_divide(limit, &usual, &shares), 0);
		assert_true(shares.tasks >= before.tasks && shares.groups >= before.groups);
		assert_true(shares.retired >= before.retired && shares.cgroups >= before.cgroups);
		before = shares;
	}
	assert_int_equal(shares.groups, 4096);
	assert_int_equal(shares.retired, VIGIE_RETIRED_MAX);
	assert_int_equal(shares.cgroups, 32768);
	assert_true(shares.tasks > 1000000);
}

/* The largest host that the bench has: 30 000 processes, and as many dead ones as ever. */
static void the_default_is_roomy(void **state)
{
	struct memory_shares shares;

	assert_int_equal(memory_divide(MEMORY_DEFAULT_BYTES, &usual, &shares), 0);
	assert_true(shares.tasks >= 40000);
	assert_int_equal(shares.groups, 4096);
	assert_true(shares.retired >= 8192 && shares.cgroups >= 8192);
}

static void clients_have_room_in_any(void **state)
{
	struct memory_shares shares;
	uint64_t limit;

	assert_int_equal(memory_of_clients(0), 0);
	assert_true(memory_of_clients(memory_least(&usual)) >= 4000000);
	/* Three times that is put aside, in the least that there is. */
	assert_true(3 * memory_of_clients(MEMORY_DEFAULT_BYTES) < memory_least(&usual));
	assert_true(memory_of_clients(4000000000ULL) > memory_of_clients(MEMORY_DEFAULT_BYTES));
	/* With more than that tables have so much less: 2 560 bytes a task. */
	for (limit = MEMORY_DEFAULT_BYTES; limit < 8000000000ULL; limit *= 2) {
		assert_int_equal(memory_divide(limit, &usual, &shares), 0);
		assert_true(shares.tasks * 2560ULL + 3 * memory_of_clients(limit) < limit);
	}
}

static void what_was_asked_for_comes_first(void **state)
{
	const struct memory_needs many = { .cpus = 2, .max_groups = 10000 };
	const struct memory_needs wide = { .cpus = 1024, .max_groups = 100 };
	struct memory_shares shares;

	assert_true(memory_least(&many) > memory_least(&usual) + 9900 * 8000ULL);
	assert_int_equal(memory_divide(memory_least(&many), &many, &shares), 0);
	assert_int_equal(shares.groups, 10000);
	assert_true(memory_least(&wide) > memory_least(&usual) + 1000 * 120000ULL);
	/* Whom nobody told a limit starts there, too, and has room for tasks. */
	assert_true(memory_least(&wide) > MEMORY_DEFAULT_BYTES);
	assert_int_equal(memory_divide(memory_default(&wide), &wide, &shares), 0);
	assert_true(shares.tasks > 10000);
	assert_int_equal(memory_default(&usual), MEMORY_DEFAULT_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(below_the_least_there_is_none),
		cmocka_unit_test(more_is_never_less),
		cmocka_unit_test(the_default_is_roomy),
		cmocka_unit_test(clients_have_room_in_any),
		cmocka_unit_test(what_was_asked_for_comes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
