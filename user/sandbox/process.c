// SPDX-License-Identifier: GPL-2.0-only
/* process.c - owns how a process of ours begins, what it has used, and how its end is awaited. */
#include "sandbox/process.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"

enum { NAP_MS = 5 };

/* From 5.9 in one call. Before, as many as may be open. */
static void close_between(unsigned int first, unsigned int last)
{
	struct rlimit most;

	if (!close_range(first, last, 0))
		return;
	if (!getrlimit(RLIMIT_NOFILE, &most) && most.rlim_cur <= last)
		last = most.rlim_cur ? most.rlim_cur - 1 : 0;
	for (; first <= last; first++)
		close(first);
}

/* The lowest of these that is not below from; INT_MAX: none. */
static int next_kept(const int *keep, size_t n, int from)
{
	int next = INT_MAX;

	for (; n; n--, keep++)
		if (*keep >= from && *keep < next)
			next = *keep;
	return next;
}

void process_close_all_but(const int *keep, size_t n)
{
	int from = STDERR_FILENO + 1, next;

	for (; (next = next_kept(keep, n, from)) < INT_MAX; from = next + 1)
		if (next > from)
			close_between(from, next - 1);
	close_between(from, INT_MAX);
}

void process_ignore_signals(void)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

__u64 process_resident_bytes(int statm)
{
	unsigned long long size, resident;
	char text[128];
	ssize_t n = pread(statm, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "%llu %llu", &size, &resident) != 2)
		return 0;
	return resident * sysconf(_SC_PAGESIZE);
}

static __u64 used_ns(const struct rusage *used)
{
	return (used->ru_utime.tv_sec + used->ru_stime.tv_sec) * NS_PER_S +
	       (used->ru_utime.tv_usec + used->ru_stime.tv_usec) * NS_PER_US;
}

__u64 process_cpu_ns(int who)
{
	struct rusage used;

	return getrusage(who, &used) ? 0 : used_ns(&used);
}

static bool has_ended(pid_t pid, __u64 *ret_cpu_ns)
{
	struct rusage used;
	pid_t reaped = wait4(pid, NULL, WNOHANG, &used);

	if (reaped == pid && ret_cpu_ns)
		*ret_cpu_ns = used_ns(&used);
	return reaped != 0;
}

bool process_await_end(pid_t pid, unsigned int timeout_ms, __u64 *ret_cpu_ns)
{
	const struct timespec nap = { .tv_nsec = NAP_MS * NS_PER_MS };
	struct pollfd end = { .fd = syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	unsigned int waited_ms = 0;

	if (end.fd >= 0) {
		while (poll(&end, 1, timeout_ms) < 0 && errno == EINTR)
			;
		close(end.fd);
		return has_ended(pid, ret_cpu_ns);
	}
	/* The filter of the process that serves has no pidfd_open(). */
	while (!has_ended(pid, ret_cpu_ns)) {
		if (waited_ms >= timeout_ms)
			return false;
		nanosleep(&nap, NULL);
		waited_ms += NAP_MS;
	}
	return true;
}
