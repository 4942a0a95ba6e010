// SPDX-License-Identifier: GPL-2.0-only
/* test_host_id.c - base/host_id: as systemd derives it, and what is no machine id. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/host_id.h"

/* Python's hmac and hashlib, with the bits of a random UUID, as sd_id128_get_machine_app_specific() has them. */
static void known_ones(void **state)
{
	char id[HOST_ID_LEN];

	assert_int_equal(host_id_derive("0123456789abcdef0123456789abcdef", id), 0);
	assert_string_equal(id, "09635a6b79d94b33bd280c9a3c8ea0dc");
	assert_int_equal(host_id_derive("ffffffffffffffffffffffffffffffff", id), 0);
	assert_string_equal(id, "01d6a96bc5e9478bb1d666c4edc05a9e");
}

static void no_machine_ids(void **state)
{
	static const char *const bad[] = {
		"",
		"0",
		"uninitialized",
		"0123456789abcdef0123456789abcde",
		"0123456789abcdef0123456789abcdef0",
		"0123456789ABCDEF0123456789ABCDEF",
		"0123456789abcdef0123456789abcdeg",
		"0123456789abcdef0123456789abcde\n",
	};
	char id[HOST_ID_LEN] = "untouched";
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(host_id_derive(bad[i], id), -EINVAL);
	assert_string_equal(id, "untouched");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_ones),
		cmocka_unit_test(no_machine_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
