// SPDX-License-Identifier: GPL-2.0-only
/*
 * leak.c - a vigie that leaks: what the soak must see. For LD_PRELOAD.
 *
 * Owns: with each connection that is accepted SOAK_LEAK_BYTES are allocated, written to and
 * forgotten, or SOAK_LEAK_FDS descriptors are opened and forgotten. Not here: who looks.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static long told(const char *name)
{
	const char *text = getenv(name);
	char *end;
	long n = text ? strtol(text, &end, 10) : 0;

	return n > 0 && n < 1 << 20 ? n : 0;
}

static void leak(int fd)
{
	static void *volatile forgotten;
	static long bytes = -1, fds;
	long i;

	if (bytes < 0) {
		bytes = told("SOAK_LEAK_BYTES");
		fds = told("SOAK_LEAK_FDS");
	}
	if (bytes) {
		forgotten = malloc(bytes);
		if (forgotten)
			memset(forgotten, 1, bytes);
	}
	for (i = 0; i < fds; i++)
		(void)fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
	static int (*next)(int, struct sockaddr *, socklen_t *, int);
	int got;

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "accept4");
	got = next(fd, address, length, flags);
	if (got >= 0)
		leak(fd);
	return got;
}
