// SPDX-License-Identifier: GPL-2.0-only
/* test_array.c - arrays that grow: bounds, overflow, and what stays as it was. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/array.h"

static void one_after_another(void **state)
{
	size_t room = 0, grown = 0, was, i;
	uint64_t *all = NULL;

	for (i = 0; i < 10000; i++) {
		was = room;
		assert_int_equal(array_grow(&all, &room, i + 1, sizeof(*all), SIZE_MAX), 0);
		assert_true(room > i);
		grown += room != was;
		all[i] = i * i;
	}
	for (i = 0; i < 10000; i++)
		assert_int_equal(all[i], i * i);
	assert_in_range(grown, 1, 14); /* it doubles */
	free(all);
}

static void to_the_bound_and_not_beyond(void **state)
{
	static const size_t bounds[] = { 1, 63, 64, 65, 127, 1000 };
	size_t room, i;
	char *all;

	for (i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		all = NULL;
		room = 0;
		assert_int_equal(array_grow(&all, &room, 1, 1, bounds[i]), 0);
		assert_int_equal(array_grow(&all, &room, bounds[i], 1, bounds[i]), 0);
		assert_int_equal(room, bounds[i]);
		memset(all, 'x', room);
		assert_int_equal(array_grow(&all, &room, bounds[i] + 1, 1, bounds[i]), -ENOSPC);
		assert_int_equal(room, bounds[i]);
		assert_int_equal(all[room - 1], 'x');
		free(all);
	}
}

static void what_overflows_changes_nothing(void **state)
{
	size_t room = 0;
	char *all = NULL, *was;

	assert_int_equal(array_grow(&all, &room, 0, 8, 100), 0);
	assert_null(all);
	assert_int_equal(array_grow(&all, &room, 3, 8, 100), 0);
	was = all;
	assert_int_equal(array_grow(&all, &room, SIZE_MAX / 8 + 2, 8, SIZE_MAX), -ENOMEM);
	assert_int_equal(array_grow(&all, &room, SIZE_MAX / 2 + 2, 2, SIZE_MAX), -ENOMEM);
	assert_int_equal(array_grow(&all, &room, SIZE_MAX, 1, SIZE_MAX), -ENOMEM);
	assert_int_equal(room, 64);
	assert_ptr_equal(all, was);
	free(all);
}

static void what_is_new_is_zero_if_asked(void **state)
{
	static const char zeroes[1000 * sizeof(int)];
	size_t room = 0, was;
	int *all = NULL;

	assert_int_equal(array_grow_zeroed(&all, &room, 10, sizeof(*all), SIZE_MAX), 0);
	assert_memory_equal(all, zeroes, room * sizeof(*all));
	memset(all, 0xff, room * sizeof(*all));
	was = room;
	assert_int_equal(array_grow_zeroed(&all, &room, room, sizeof(*all), SIZE_MAX), 0);
	assert_int_equal(all[was - 1], -1);
	assert_int_equal(array_grow_zeroed(&all, &room, was + 1, sizeof(*all), SIZE_MAX), 0);
	assert_int_equal(all[was - 1], -1);
	assert_memory_equal(all + was, zeroes, (room - was) * sizeof(*all));
	assert_int_equal(array_grow_zeroed(&all, &room, room + 1, sizeof(*all), room), -ENOSPC);
	assert_int_equal(all[0], -1);
	free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_after_another),
		cmocka_unit_test(to_the_bound_and_not_beyond),
		cmocka_unit_test(what_overflows_changes_nothing),
		cmocka_unit_test(what_is_new_is_zero_if_asked),
	};

	return cmocka_run_group_tests_name("array", tests, NULL, NULL);
}
