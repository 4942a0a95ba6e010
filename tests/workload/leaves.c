// SPDX-License-Identifier: GPL-2.0-only
/*
 * leaves.c - CPU time in known shares: leaf_a 30 %, leaf_b 20 %, leaf_c 10 %, leaf_d 40 %.
 *
 *	leaves SECONDS
 *
 * Runs for so much CPU time, then prints what getrusage says of it: "cpu NANOSECONDS". Compiled
 * without frame pointers, as Debian's programs are.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define LEAF static __attribute__((noinline, noclone))

static volatile uint64_t sink;

static inline void work(uint64_t n)
{
	uint64_t i;

	for (i = 0; i < n; i++)
		sink += i * i;
}

LEAF void leaf_a(void)
{
	work(3000);
	sink++;
}

LEAF void leaf_b(void)
{
	work(2000);
	sink++;
}

LEAF void leaf_c(void)
{
	work(1000);
	sink++;
}

LEAF void leaf_d(void)
{
	work(4000);
	sink++;
}

LEAF void middle(void)
{
	leaf_a();
	leaf_b();
	sink++;
}

LEAF void top(void)
{
	middle();
	leaf_c();
	leaf_d();
	sink++;
}

static uint64_t cpu_ns(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000000ULL +
	       (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1000ULL;
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
	int i;

	printf("ready\n");
	fflush(stdout);
	while (cpu_ns() < seconds * 1e9)
		for (i = 0; i < 100; i++)
			top();
	printf("cpu %llu\n", (unsigned long long)cpu_ns());
	return 0;
}
