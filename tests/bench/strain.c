// SPDX-License-Identifier: GPL-2.0-only
/*
 * strain.c - owns the tight loops over one kernel path each: `strain pipe|forks|faults COUNT`.
 *
 * Prints nanoseconds of wall time an operation. pipe: a byte to another process and back,
 * two switches, as `perf bench sched pipe`; pin it to one CPU. forks: fork, exit, wait.
 * faults: the first touch of a page. Not here: repetition and comparison.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, CHUNK_PAGES = 8192 };

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void pass(int from, int to, unsigned long count)
{
	char byte = 0;

	while (count--)
		if (read(from, &byte, 1) != 1 || write(to, &byte, 1) != 1)
			die("strain: pipe");
}

static void strain_pipe(unsigned long count)
{
	int ping[2], pong[2];
	pid_t child;
	char byte = 0;

	if (pipe(ping) || pipe(pong))
		die("strain: pipe");
	child = fork();
	if (child < 0)
		die("strain: fork");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pass(ping[0], pong[1], count);
		_exit(0);
	}
	if (write(ping[1], &byte, 1) != 1)
		die("strain: pipe");
	pass(pong[0], ping[1], count - 1);
	if (read(pong[0], &byte, 1) != 1 || waitpid(child, NULL, 0) < 0)
		die("strain: pipe");
}

static void strain_forks(unsigned long count)
{
	pid_t child;

	while (count--) {
		child = fork();
		if (!child)
			_exit(0);
		if (child < 0 || waitpid(child, NULL, 0) < 0)
			die("strain: fork");
	}
}

static void strain_faults(unsigned long count)
{
	volatile char *at;
	unsigned long done, i;
	char *chunk = mmap(NULL, CHUNK_PAGES * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (chunk == MAP_FAILED || madvise(chunk, CHUNK_PAGES * PAGE, MADV_NOHUGEPAGE))
		die("strain: mmap");
	for (done = 0; done < count; done += CHUNK_PAGES) {
		for (i = 0, at = chunk; i < CHUNK_PAGES; i++, at += PAGE)
			*at = 1;
		if (madvise(chunk, CHUNK_PAGES * PAGE, MADV_DONTNEED))
			die("strain: madvise");
	}
}

int main(int argc, char **argv)
{
	unsigned long count;
	double began;

	if (argc != 3 || sscanf(argv[2], "%lu", &count) != 1 || !count) {
		fprintf(stderr, "usage: strain pipe|forks|faults COUNT\n");
		return 2;
	}
	began = now_ns();
	if (!strcmp(argv[1], "pipe"))
		strain_pipe(count);
	else if (!strcmp(argv[1], "forks"))
		strain_forks(count);
	else if (!strcmp(argv[1], "faults"))
		strain_faults((count + CHUNK_PAGES - 1) / CHUNK_PAGES * CHUNK_PAGES);
	else
		return 2;
	printf("%.1f\n", (now_ns() - began) / count);
	return 0;
}
