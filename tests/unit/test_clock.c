// SPDX-License-Identifier: GPL-2.0-only
/* test_clock.c - each clock against the kernel's own, read before and after. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/units.h"

static const struct {
	__u64 (*read)(void);
	clockid_t clock;
	__u64 ns; /* of a unit that it counts in */
} clocks[] = {
	{ clock_monotonic_ns, CLOCK_MONOTONIC, 1 },
	{ clock_monotonic_ms, CLOCK_MONOTONIC, NS_PER_MS },
	{ clock_boottime_ns, CLOCK_BOOTTIME, 1 },
	{ clock_wall_ns, CLOCK_REALTIME, 1 },
	{ clock_process_cpu_ns, CLOCK_PROCESS_CPUTIME_ID, 1 },
	{ clock_thread_cpu_ns, CLOCK_THREAD_CPUTIME_ID, 1 },
};

static __u64 kernel_ns(clockid_t clock)
{
	struct timespec t;

	assert_int_equal(clock_gettime(clock, &t), 0);
	return (__u64)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void each_is_the_kernels(void **state)
{
	__u64 before, read, after;
	size_t i;

	for (i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		before = kernel_ns(clocks[i].clock);
		read = clocks[i].read();
		after = kernel_ns(clocks[i].clock);
		assert_in_range(read, before / clocks[i].ns, after / clocks[i].ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_is_the_kernels) };

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
