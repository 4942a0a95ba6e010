// SPDX-License-Identifier: GPL-2.0-only
/* process.c - owns how a process of the daemon's begins, and how its end is awaited. */
#include "sandbox/process.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"

enum {
	DESCRIPTORS_MAX = 1024, /* more we never have */
	STOP_MS = 300, /* a stop as a whole takes 500 at most */
};

void process_close_all_but(const int *keep, size_t n)
{
	bool kept;
	size_t i;
	int fd;

	for (fd = STDERR_FILENO + 1; fd < DESCRIPTORS_MAX; fd++) {
		kept = false;
		for (i = 0; i < n; i++)
			kept |= keep[i] == fd;
		if (!kept)
			close(fd);
	}
}

void process_ignore_signals(void)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

__u64 process_cpu_ns(int who)
{
	struct rusage used;

	if (getrusage(who, &used))
		return 0;
	return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * NS_PER_S +
	       (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * NS_PER_US;
}

void process_await_end(pid_t pid)
{
	const struct timespec moment = { .tv_nsec = 5000000 };
	int waited_ms;

	for (waited_ms = 0; waited_ms < STOP_MS; waited_ms += 5) {
		if (waitpid(pid, NULL, WNOHANG))
			return;
		nanosleep(&moment, NULL);
	}
}
