// SPDX-License-Identifier: GPL-2.0-only
/*
 * inlined.c - CPU time within functions that the compiler inlined into each other.
 *
 *	inlined SECONDS
 *
 * outer() calls middle() calls inner(), and only outer() is there. A line that is hot is marked,
 * so that a test need not count lines.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define INLINED static inline __attribute__((always_inline))
#define REAL static __attribute__((noinline, noclone))

static volatile uint64_t sink;

INLINED void inner(uint64_t n)
{
	uint64_t i;

	for (i = 0; i < n; i++)
		sink += i * i; /* hot: inner */
}

INLINED void middle(uint64_t n)
{
	inner(n); /* call: inner */
	sink++;
}

REAL void outer(void)
{
	middle(3000); /* call: middle */
	sink++;
}

REAL void plain(void)
{
	uint64_t i;

	for (i = 0; i < 1000; i++)
		sink += i; /* hot: plain */
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
	int i;

	printf("ready\n");
	fflush(stdout);
	while ((double)clock() / CLOCKS_PER_SEC < seconds) {
		for (i = 0; i < 100; i++) {
			outer();
			plain();
		}
	}
	return 0;
}
