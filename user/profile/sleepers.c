// SPDX-License-Identifier: GPL-2.0-only
/* sleepers.c - owns the child that runs the passes, and its pipe. */
#include "profile/sleepers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	PIPE_BYTES = 1 << 20,
	PASS_BYTES = 256 << 10,
	HANG_MS = 2000, /* a child that says nothing for so long hangs */
};

struct sleepers {
	pid_t pid;
	int fd;
	__u64 heard_ns, past_cpu_ns;
	size_t used;
	__u32 stack_bytes; /* that follow a record's head */
	__u8 *buf; /* one record and a half may be under way */
};

static void write_all(int fd, const char *data, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(0);
		data += n;
		len -= n;
	}
}

/* A pass: whole records, then an empty head that says that we live. */
static void pass(struct capture *capture, int out, char *buf)
{
	static const struct vigie_stack alive = { .kind = VIGIE_STACK_KINDS };
	int fd = capture__sleepers(capture);
	ssize_t n;

	if (fd < 0)
		_exit(1);
	while ((n = read(fd, buf, PASS_BYTES)) > 0 || (n < 0 && errno == EAGAIN))
		if (n > 0)
			write_all(out, buf, n);
	close(fd);
	write_all(out, (const char *)&alive, sizeof(alive));
}

static void run_child(struct capture *capture, int out, unsigned int hz)
{
	struct timespec next;
	char *buf = malloc(PASS_BYTES);

	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	clock_gettime(CLOCK_MONOTONIC, &next);
	while (buf) {
		pass(capture, out, buf);
		next.tv_nsec += 1000000000L / hz;
		next.tv_sec += next.tv_nsec / 1000000000L;
		next.tv_nsec %= 1000000000L;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	_exit(1);
}

int sleepers__start(struct capture *capture, unsigned int hz, struct sleepers **ret)
{
	struct sleepers *s;
	int pair[2], probe = capture__sleepers(capture);

	if (probe < 0)
		return probe;
	close(probe);
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->buf = malloc(PASS_BYTES);
	if (!s->buf || pipe2(pair, O_CLOEXEC)) {
		free(s->buf);
		free(s);
		return -ENOMEM;
	}
	s->stack_bytes = capture__sleeper_bytes(capture);
	fcntl(pair[1], F_SETPIPE_SZ, PIPE_BYTES);
	s->fd = pair[0];
	fcntl(s->fd, F_SETFL, O_NONBLOCK);
	s->pid = fork();
	if (s->pid == 0) {
		close(pair[0]);
		run_child(capture, pair[1], hz);
	}
	close(pair[1]);
	*ret = s;
	return s->pid < 0 ? -errno : 0;
}

static void stop(struct sleepers *s)
{
	if (s->fd < 0)
		return;
	s->past_cpu_ns = sleepers__cpu_ns(s);
	close(s->fd);
	s->fd = -1;
	if (s->pid > 0) {
		kill(s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
	}
}

void sleepers__free(struct sleepers *s)
{
	if (!s)
		return;
	stop(s);
	free(s->buf);
	free(s);
}

/* How long the record at this place is; 0: not all of it is there. */
static size_t record_at(const struct sleepers *s, size_t at)
{
	const struct vigie_stack *head = (const void *)(s->buf + at);
	size_t have = s->used - at, want = sizeof(*head);

	if (have < want)
		return 0;
	if (head->kind == VIGIE_STACK_ASLEEP && !(head->flags & VIGIE_STACK_SAME))
		want += s->stack_bytes;
	return have < want ? 0 : want;
}

static void hand_out(struct sleepers *s, capture_fn fn, void *ctx)
{
	size_t at = 0, len;

	for (; (len = record_at(s, at)); at += len) {
		const struct vigie_stack *head = (const void *)(s->buf + at);

		if (head->kind == VIGIE_STACK_ASLEEP && head->user_bytes <= s->stack_bytes &&
		    head->kernel_frames <= VIGIE_KERNEL_FRAMES)
			fn(ctx, head, (const __u8 *)(head + 1));
	}
	memmove(s->buf, s->buf + at, s->used - at);
	s->used -= at;
}

bool sleepers__poll(struct sleepers *s, __u64 now_ns, capture_fn fn, void *ctx)
{
	ssize_t n;

	if (s->fd < 0)
		return false;
	if (!s->heard_ns)
		s->heard_ns = now_ns;
	while ((n = read(s->fd, s->buf + s->used, PASS_BYTES - s->used)) > 0) {
		s->heard_ns = now_ns;
		s->used += n;
		hand_out(s, fn, ctx);
	}
	if (n == 0 || now_ns - s->heard_ns > HANG_MS * 1000000ULL) {
		stop(s);
		return false;
	}
	return true;
}

__u64 sleepers__cpu_ns(const struct sleepers *s)
{
	struct timespec used = { 0 };
	clockid_t clock;

	if (s->fd < 0)
		return s->past_cpu_ns;
	if (s->pid > 0 && !clock_getcpuclockid(s->pid, &clock))
		clock_gettime(clock, &used);
	return used.tv_sec * 1000000000ULL + used.tv_nsec;
}
