// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory.c - one process that takes memory, and says when.
 *
 *	memory peak MIB         ready; takes it all and gives it back; done
 *	memory threads N MIB    ready; N threads take MIB each and rest; full; give back; done
 *	memory pageout MIB      ready; takes it, has it swapped out; full; done
 *	memory hog MIB          ready; takes it and keeps it: meant to be killed; full
 *	memory stream FILE N    ready; reads FILE N times through the page cache; done
 */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "point.h"

#define MIB (1024 * 1024UL)

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

static pthread_barrier_t full, empty;

static void *take(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	if (p == MAP_FAILED)
		die("mmap");
	/* Page by page, so that a huge page does not do it in one step. */
	madvise(p, size, MADV_NOHUGEPAGE);
	for (i = 0; i < size; i += 4096)
		p[i] = (char)(i >> 12 | 1);
	return p;
}

static void peak(size_t size)
{
	point("ready");
	munmap(take(size), size);
	point("done");
}

static void *keep(void *arg)
{
	size_t size = *(size_t *)arg;
	void *p = take(size);

	pthread_barrier_wait(&full);
	pthread_barrier_wait(&empty);
	munmap(p, size);
	return NULL;
}

static void threads(int n, size_t size)
{
	pthread_t thread[256];
	int i;

	if (n < 1 || n > 256)
		exit(2);
	pthread_barrier_init(&full, NULL, n + 1);
	pthread_barrier_init(&empty, NULL, n + 1);
	point("ready");
	for (i = 0; i < n; i++)
		if (pthread_create(&thread[i], NULL, keep, &size))
			die("pthread_create");
	pthread_barrier_wait(&full);
	point("full");
	pthread_barrier_wait(&empty);
	for (i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	point("done");
}

static void pageout(size_t size)
{
	char *p;

	point("ready");
	p = take(size);
	if (madvise(p, size, MADV_PAGEOUT))
		die("madvise");
	point("full");
	point("done");
}

static void hog(size_t size)
{
	point("ready");
	take(size);
	point("full");
}

static void stream(const char *path, long long times)
{
	static char buf[64 * 1024];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		die(path);
	point("ready");
	for (; times; times--) {
		lseek(fd, 0, SEEK_SET);
		while ((n = read(fd, buf, sizeof(buf))) > 0)
			;
		if (n < 0)
			die("read");
	}
	point("done");
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "peak"))
		peak(number(argv[2]) * MIB);
	else if (argc == 4 && !strcmp(argv[1], "threads"))
		threads(number(argv[2]), number(argv[3]) * MIB);
	else if (argc == 3 && !strcmp(argv[1], "pageout"))
		pageout(number(argv[2]) * MIB);
	else if (argc == 3 && !strcmp(argv[1], "hog"))
		hog(number(argv[2]) * MIB);
	else if (argc == 4 && !strcmp(argv[1], "stream"))
		stream(argv[2], number(argv[3]));
	else
		return 2;
	return 0;
}
