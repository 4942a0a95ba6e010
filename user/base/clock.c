// SPDX-License-Identifier: GPL-2.0-only
/* clock.c - owns the conversion of what clock_gettime() says. */
#include "base/clock.h"

#include <time.h>

#include "base/units.h"

static __u64 read_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

__u64 clock_monotonic_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

__u64 clock_monotonic_ms(void)
{
	return clock_monotonic_ns() / NS_PER_MS;
}

__u64 clock_boottime_ns(void)
{
	return read_ns(CLOCK_BOOTTIME);
}

__u64 clock_wall_ns(void)
{
	return read_ns(CLOCK_REALTIME);
}

__u64 clock_process_cpu_ns(void)
{
	return read_ns(CLOCK_PROCESS_CPUTIME_ID);
}

__u64 clock_thread_cpu_ns(void)
{
	return read_ns(CLOCK_THREAD_CPUTIME_ID);
}
