// SPDX-License-Identifier: GPL-2.0-only
/*
 * touches.c - touches a known number of fresh pages when told to.
 *
 *	touches PAGES
 *
 * Says "ready", touches them in touch() once a line comes on standard input, says "done" and waits
 * for the end of the input.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static __attribute__((noinline, noclone)) void touch(volatile char *room, size_t pages)
{
	size_t i;

	for (i = 0; i < pages; i++)
		room[i * 4096] = 1;
}

static void say(const char *what)
{
	printf("%s\n", what);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	size_t pages = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
	char *room = mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	if (room == MAP_FAILED)
		return 1;
	madvise(room, pages * 4096, MADV_NOHUGEPAGE);
	say("ready");
	if (getchar() == EOF)
		return 1;
	touch(room, pages);
	say("done");
	while (getchar() != EOF)
		;
	return 0;
}
