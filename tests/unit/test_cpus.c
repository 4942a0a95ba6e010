// SPDX-License-Identifier: GPL-2.0-only
/* test_cpus.c - lists of CPUs: ids, not counts. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cpus.h"

static struct cpus cpus;

/* members: ids in order, to the first -1. */
static void assert_list(const char *text, const int *members)
{
	unsigned int id, n = 0, end = 0;

	memset(&cpus, 0xff, sizeof(cpus));
	assert_int_equal(cpus_parse(text, &cpus), 0);
	for (id = 0; id < CPUS_MAX; id++) {
		assert_int_equal(cpus.has[id], members[n] == (int)id);
		if (cpus.has[id]) {
			n++;
			end = id + 1;
		}
	}
	assert_int_equal(members[n], -1);
	assert_int_equal(cpus.n, n);
	assert_int_equal(cpus.end, end);
}

static void as_kernels_write_them(void **state)
{
	assert_list("0\n", (int[]){ 0, -1 });
	assert_list("0-3\n", (int[]){ 0, 1, 2, 3, -1 });
	assert_list("0-3", (int[]){ 0, 1, 2, 3, -1 });
	assert_list("0-3,8-11\n", (int[]){ 0, 1, 2, 3, 8, 9, 10, 11, -1 });
	assert_list("0,2-3\n", (int[]){ 0, 2, 3, -1 });
	assert_list("1,3,5,8191\n", (int[]){ 1, 3, 5, 8191, -1 });
	assert_list("\n", (int[]){ -1 }); /* none is offline */
	assert_list("", (int[]){ -1 });
}

static void what_is_no_list(void **state)
{
	static const char *const bad[] = { ",",	  "-",	  "0-",	   "-3",  "3-1",
					   "0,",  "0,,1", "0-3-5", "0 1", "0\n1",
					   "all", "0x1",  "+1",	   " 0",  "0-3,\n" };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cpus.n = 4711;
		assert_int_equal(cpus_parse(bad[i], &cpus), -EINVAL);
		assert_int_equal(cpus.n, 4711);
	}
	assert_int_equal(cpus_parse("8192", &cpus), -ERANGE);
	assert_int_equal(cpus_parse("0-99999999999999999999", &cpus), -ERANGE);
}

static void of_this_host(void **state)
{
	struct cpus online;

	assert_int_equal(cpus_read(CPUS_ONLINE, &online), 0);
	assert_int_equal(online.n, sysconf(_SC_NPROCESSORS_ONLN));
	assert_int_equal(cpus_read(CPUS_POSSIBLE, &cpus), 0);
	assert_true(cpus.end >= online.end);
	assert_int_equal(cpus_read("/sys/devices/system/cpu/none", &cpus), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_kernels_write_them),
		cmocka_unit_test(what_is_no_list),
		cmocka_unit_test(of_this_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
