// SPDX-License-Identifier: GPL-2.0-only
/*
 * borrowed.c - a thread that sleeps on a stack which a file pages in.
 *
 *	borrowed FILE SECONDS
 *
 * Above the part of the stack that is in use lie pages of FILE (32 KB or more) that nobody has
 * touched: who copies the stack from outside has them read. Another thread computes. Says "ready".
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define APART __attribute__((noinline, noclone))

enum { HALF = 16 << 10 };

static volatile uint64_t sink;
static ucontext_t outside, inside;
static char *stack;

static APART void doze(void)
{
	for (;;) {
		usleep(1000);
		sink++;
	}
}

static void *sleeper(void *arg)
{
	getcontext(&inside);
	inside.uc_stack.ss_sp = stack;
	inside.uc_stack.ss_size = HALF;
	inside.uc_link = &outside;
	makecontext(&inside, doze, 0);
	swapcontext(&outside, &inside);
	return arg;
}

static APART void compute(time_t end)
{
	while (time(NULL) < end)
		sink++;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int fd = argc == 3 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return 2;
	stack = mmap(NULL, 2L * HALF, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (stack == MAP_FAILED || pthread_create(&thread, NULL, sleeper, NULL))
		return 1;
	while (!sink) /* it sleeps there */
		usleep(1000);
	if (posix_fadvise(fd, HALF, HALF, POSIX_FADV_DONTNEED)) /* what was read ahead */
		return 1;
	printf("ready\n");
	fflush(stdout);
	compute(time(NULL) + strtoul(argv[2], NULL, 10));
	return 0;
}
