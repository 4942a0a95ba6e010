// SPDX-License-Identifier: GPL-2.0-only
/*
 * requests.c - a client and a server thread, one request at a time over a socket, 20 us of work
 * each: how many are answered shows what watching costs.
 *
 *	requests SECONDS [FILE]
 *
 * Says "ready", runs, prints "requests N". FILE's first eight bytes are N while it runs.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int ends[2];
static volatile uint64_t sink;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void work(unsigned int rounds)
{
	unsigned int i;

	for (i = 0; i < rounds; i++)
		sink += i;
}

static void *serve(void *arg)
{
	unsigned int rounds = *(unsigned int *)arg;
	char request[64];

	while (read(ends[1], request, sizeof(request)) > 0) {
		work(rounds);
		if (write(ends[1], request, sizeof(request)) < 0)
			break;
	}
	return NULL;
}

/* Rounds of work that take 20 us here. */
static unsigned int calibrated(void)
{
	const unsigned int many = 20000000;
	double begin = now();

	work(many);
	return many * 20e-6 / (now() - begin);
}

/* Answered so far, where others see it, too. */
static volatile uint64_t *counter(const char *path)
{
	static uint64_t own;
	int fd = path ? open(path, O_RDWR) : -1;
	void *shared;

	if (!path)
		return &own;
	shared = mmap(NULL, sizeof(own), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return shared == MAP_FAILED ? NULL : shared;
}

int main(int argc, char **argv)
{
	double end, seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
	volatile uint64_t *n = counter(argc > 2 ? argv[2] : NULL);
	unsigned int rounds = calibrated();
	char request[64] = { 0 };
	pthread_t thread;

	if (!n || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) ||
	    pthread_create(&thread, NULL, serve, &rounds))
		return 1;
	printf("ready\n");
	fflush(stdout);
	for (end = now() + seconds; now() < end; ++*n)
		if (write(ends[0], request, sizeof(request)) < 0 ||
		    read(ends[0], request, sizeof(request)) < 0)
			return 1;
	printf("requests %lu\n", (unsigned long)*n);
	return 0;
}
