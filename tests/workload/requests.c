// SPDX-License-Identifier: GPL-2.0-only
/*
 * requests.c - a client and a server thread, one request at a time over a socket, some 20 us of
 * work each: how many are answered shows what watching costs.
 *
 *	requests SECONDS
 *
 * Says "ready", runs, prints "requests N".
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int ends[2];
static volatile uint64_t sink;

static void *serve(void *arg)
{
	char request[64];
	int i;

	while (read(ends[1], request, sizeof(request)) > 0) {
		for (i = 0; i < 15000; i++)
			sink += i;
		if (write(ends[1], request, sizeof(request)) < 0)
			break;
	}
	return NULL;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	double end, seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
	unsigned long n = 0;
	char request[64] = { 0 };
	pthread_t thread;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || pthread_create(&thread, NULL, serve, NULL))
		return 1;
	printf("ready\n");
	fflush(stdout);
	for (end = now() + seconds; now() < end; n++)
		if (write(ends[0], request, sizeof(request)) < 0 ||
		    read(ends[0], request, sizeof(request)) < 0)
			return 1;
	printf("requests %lu\n", n);
	return 0;
}
