// SPDX-License-Identifier: GPL-2.0-only
/*
 * deep.c - a stack of some 40 KiB under the function that runs.
 *
 *	deep SECONDS
 *
 * 150 calls deep, with locals of 256 bytes in each.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { DEPTH = 150, LOCALS = 256 };

static volatile uint64_t sink;

static __attribute__((noinline, noclone)) void bottom(void)
{
	uint64_t i;

	for (i = 0; i < 100000; i++)
		sink += i;
}

static __attribute__((noinline, noclone)) void down(int n)
{
	volatile char locals[LOCALS];

	locals[n] = (char)n;
	if (n)
		down(n - 1);
	else
		bottom();
	sink += (uint64_t)locals[n];
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;

	printf("ready\n");
	fflush(stdout);
	while ((double)clock() / CLOCKS_PER_SEC < seconds)
		down(DEPTH);
	return 0;
}
