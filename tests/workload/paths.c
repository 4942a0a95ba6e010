// SPDX-License-Identifier: GPL-2.0-only
/*
 * paths.c - sleeps at the end of 32 768 different stacks, one after the other, some microseconds
 * each: more than a table of stacks holds.
 *
 *	paths SECONDS
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { DEPTH = 15 };

int odd(int depth, unsigned int way);

static int nap(void)
{
	const struct timespec t = { .tv_nsec = 1000 };

	nanosleep(&t, NULL);
	return 1;
}

__attribute__((noinline, noclone)) static int even(int depth, unsigned int way)
{
	int r;

	if (!depth)
		return nap();
	r = way & 1 ? even(depth - 1, way >> 1) : odd(depth - 1, way >> 1);
	__asm__ volatile("" : "+r"(r)); /* no tail call: the frame stays */
	return r + 1;
}

__attribute__((noinline, noclone)) int odd(int depth, unsigned int way)
{
	int r;

	if (!depth)
		return nap();
	r = way & 1 ? even(depth - 1, way >> 1) : odd(depth - 1, way >> 1);
	__asm__ volatile("" : "+r"(r));
	return r + 1;
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? strtol(argv[1], NULL, 10) : 1);
	unsigned int way;

	printf("ready\n");
	fflush(stdout);
	for (way = 0; time(NULL) < end; way++)
		even(DEPTH, way % (1 << DEPTH));
	return 0;
}
