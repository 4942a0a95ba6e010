// SPDX-License-Identifier: GPL-2.0-only
/*
 * clock.c - owns the conversion of what clock_gettime() says, and the offsets of our time namespace.
 */
#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"

static __u64 read_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static __s64 monotonic_offset_ns, boottime_offset_ns;

static bool same_link(const char *a, const char *b)
{
	char is[2][64];
	ssize_t n = readlink(a, is[0], sizeof(is[0]));

	return n > 0 && n == readlink(b, is[1], sizeof(is[1])) && !memcmp(is[0], is[1], n);
}

void clock_init(void)
{
	long long seconds, ns;
	char name[16];
	FILE *f;

	/* The file is of the namespace of our children, which is ours unless we have just made one. */
	if (!same_link("/proc/self/ns/time", "/proc/self/ns/time_for_children"))
		return;
	f = fopen("/proc/self/timens_offsets", "re");
	while (f && fscanf(f, "%15s %lld %lld", name, &seconds, &ns) == 3) {
		if (!strcmp(name, "monotonic"))
			monotonic_offset_ns = seconds * (__s64)NS_PER_S + ns;
		else if (!strcmp(name, "boottime"))
			boottime_offset_ns = seconds * (__s64)NS_PER_S + ns;
	}
	if (f)
		fclose(f);
}

__s64 clock_boottime_offset_ns(void)
{
	return boottime_offset_ns;
}

__u64 clock_monotonic_ns(void)
{
	return read_ns(CLOCK_MONOTONIC) - monotonic_offset_ns;
}

__u64 clock_monotonic_ms(void)
{
	return clock_monotonic_ns() / NS_PER_MS;
}

__u64 clock_boottime_ns(void)
{
	return read_ns(CLOCK_BOOTTIME) - boottime_offset_ns;
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
