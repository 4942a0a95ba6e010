// SPDX-License-Identifier: GPL-2.0-only
/*
 * standard.c - owns what becomes of descriptors 0, 1 and 2 when they are closed, full or a
 * pipe that nobody reads. What is written to them is not here.
 */
#include "app/standard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * A descriptor that we were started without must not become a map or a client's socket that
 * messages are then written to. Opened the wrong way round, so that using it still fails.
 */
static int hold_standard_descriptors(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return -EBADF;
	}
	return 0;
}

/* stdio writes at the very end, after the sub-command has said that all went well. */
static void flush_output(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return;
	if (errno == EPIPE)
		return;
	fprintf(stderr, "vigie: cannot write to standard output: %s\n", strerror(errno));
	_exit(EXIT_FAILURE);
}

int standard_descriptors_init(void)
{
	int err = hold_standard_descriptors();

	if (err)
		return err;
	signal(SIGPIPE, SIG_IGN); /* a reader that has seen enough is no error */
	return atexit(flush_output) ? -ENOMEM : 0;
}
