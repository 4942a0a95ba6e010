// SPDX-License-Identifier: GPL-2.0-only
/*
 * locked.c - a program whose address space stays locked while it waits for its file's server.
 *
 *	locked FILE STUCK SECONDS
 *
 * One thread writes to FILE (8 KB or more, mapped and shared); says "ready". As soon as there is a
 * file STUCK, whose server answers no more, another has it written back: the first waits for that in
 * a page fault, and a third, that unmaps, waits for the first and holds the lock of all mappings.
 * The main thread computes.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define APART __attribute__((noinline, noclone))

enum { PAGE = 4096 };

static volatile uint64_t sink;
static volatile uint8_t *pages;
static volatile int written, writer_tid;
static const char *stuck;

static void *writer(void *arg)
{
	writer_tid = gettid();
	for (;;) {
		pages[0]++;
		written = 1;
	}
	return arg;
}

static void *flusher(void *arg)
{
	while (access(stuck, F_OK))
		usleep(1000);
	msync((void *)pages, PAGE, MS_SYNC);
	return arg;
}

/* In a page fault that nothing but the write back can have caused. */
static int writer_waits(void)
{
	char path[64], text[128] = "", *state;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", writer_tid);
	file = fopen(path, "re");
	if (!file || !fgets(text, sizeof(text), file))
		abort();
	fclose(file);
	state = strrchr(text, ')');
	return state && state[2] == 'D';
}

static void *locker(void *arg)
{
	while (!writer_waits())
		usleep(10000);
	munmap((void *)(pages + PAGE), PAGE);
	return arg;
}

static APART void compute(time_t end)
{
	while (time(NULL) < end)
		sink++;
}

int main(int argc, char **argv)
{
	int fd = argc == 4 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;
	void *(*const bodies[])(void *) = { writer, flusher, locker };
	pthread_t thread;
	int i;

	if (fd < 0)
		return 2;
	stuck = argv[2];
	pages = mmap(NULL, 2L * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (pages == MAP_FAILED)
		return 1;
	for (i = 0; i < 3; i++) {
		if (pthread_create(&thread, NULL, bodies[i], NULL))
			return 1;
		while (!written) /* the page is there */
			usleep(1000);
	}
	printf("ready\n");
	fflush(stdout);
	compute(time(NULL) + strtoul(argv[3], NULL, 10));
	return 0;
}
