/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * point.h - how a workload and its test agree on a moment.
 *
 * At a point the workload says a line and then sleeps in read() until it is told to go on:
 * there the kernel's counters of it stand still and can be compared exactly.
 */
#ifndef WORKLOAD_POINT_H
#define WORKLOAD_POINT_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000LL
#define NS_PER_MS 1000000LL

static inline void die(const char *what)
{
	perror(what);
	_exit(120);
}

/* Unbuffered and without an allocation: nothing here may disturb what is measured. */
__attribute__((format(printf, 1, 2))) static inline void point(const char *fmt, ...)
{
	char line[256];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(line, sizeof(line) - 1, fmt, args);
	va_end(args);
	line[len] = '\n';
	if (write(STDOUT_FILENO, line, len + 1) != len + 1)
		die("write");
	if (read(STDIN_FILENO, line, 1) != 1)
		_exit(121);
}

static inline long long clock_now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static inline long long number(const char *text)
{
	char *end;
	long long v = strtoll(text, &end, 10);

	if (end == text || v < 0) {
		fprintf(stderr, "'%s' is not a number\n", text);
		_exit(122);
	}
	return v;
}

/* Some microseconds of work in user mode. */
static inline void work(void)
{
	static volatile unsigned int sink;
	unsigned int i;

	for (i = 0; i < 2000; i++)
		sink += i;
}

static inline void burn_until(long long end_ns)
{
	while (clock_now(CLOCK_MONOTONIC) < end_ns)
		work();
}

#endif
