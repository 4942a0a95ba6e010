// SPDX-License-Identifier: GPL-2.0-only
/* helper.c - owns fork, kill, wait and poll of the session's processes. */
#include "profile/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"
#include "base/units.h"
#include "sandbox/process.h"

enum { END_MS = 200, SEND_S = 2 };

int helper_start(struct helper *h, const int pair[2], void (*run)(void *ctx, int fd), void *ctx)
{
	const struct timeval patience = { .tv_sec = SEND_S };
	int err;

	h->pid = fork();
	if (h->pid == 0)
		run(ctx, pair[1]);
	err = h->pid < 0 ? -errno : 0;
	close(pair[1]);
	if (err) {
		close(pair[0]);
		h->pid = 0;
	}
	h->fd = err ? -1 : pair[0];
	/* Who hangs takes no packets either; a pipe has no such option, and is only read. */
	setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return err;
}

static __u64 living_cpu_ns(pid_t pid)
{
	struct timespec used = { 0 };
	clockid_t clock;

	if (pid > 0 && !clock_getcpuclockid(pid, &clock))
		clock_gettime(clock, &used);
	return used.tv_sec * NS_PER_S + used.tv_nsec;
}

void helper_stop(struct helper *h)
{
	__u64 ns;

	if (!h->pid)
		return;
	close(h->fd);
	h->fd = -1;
	ns = living_cpu_ns(h->pid);
	kill(h->pid, SIGKILL);
	process_await_end(h->pid, END_MS, &ns);
	h->past_cpu_ns += ns;
	h->pid = 0;
}

__u64 helper_cpu_ns(const struct helper *h)
{
	return h->past_cpu_ns + living_cpu_ns(h->pid);
}

void patience_spend(__u64 *left_ns, __u64 since_ns)
{
	__u64 took = clock_monotonic_ns() - since_ns;

	*left_ns -= took < *left_ns ? took : *left_ns;
}

int helper_null(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC), above;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	above = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(fd);
	return above;
}

/* No dup2(): the symbolizer's filter lets it only duplicate to the lowest number that is free. */
void helper_quiet(int null)
{
	int i;

	for (i = 0; i <= STDERR_FILENO; i++) {
		close(i);
		if (null >= 0 && dup(null) < 0)
			break;
	}
	close(null);
}

void helper_many_files(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l))
		return;
	l.rlim_cur = l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);
}

int helper_answer(int socket, struct packet *in, __u64 until_ns)
{
	struct pollfd fd = { .fd = socket, .events = POLLIN };
	__u64 now;
	int n;

	do {
		now = clock_monotonic_ns();
		/* Rounded up: who has half a millisecond left does not ask a thousand times. */
		n = poll(&fd, 1, now < until_ns ? (until_ns - now + NS_PER_MS - 1) / NS_PER_MS : 0);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : 0;
	n = packet_receive(socket, in, false);
	return n == 0 ? -EPIPE : n == -EAGAIN ? 0 : n;
}

int helper_answer_or_hang(const struct helper *h, struct packet *in, __u64 each_ns, __u64 last_ns)
{
	__u64 until = clock_monotonic_ns();
	int n;

	do {
		until = until + each_ns < last_ns ? until + each_ns : last_ns;
		n = helper_answer(h->fd, in, until);
	} while (n == 0 && until < last_ns && proc_is_runnable(h->pid));
	return n;
}
