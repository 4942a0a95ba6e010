// SPDX-License-Identifier: GPL-2.0-only
/* sleepers.c - owns the child that runs the passes, and its pipe. */
#include "profile/sleepers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"
#include "base/io.h"
#include "base/units.h"
#include "profile/helper.h"
#include "sandbox/process.h"

#define HAND_OUT_NS 250000000ULL /* that stacks are handed out in one go */

enum {
	PIPE_BYTES = 8 << 20, /* of a tenth of a second; where that is not allowed, what is */
	PIPE_BYTES_ALLOWED = 1 << 20,
	PASS_BYTES = 256 << 10,
	HANG_MS = 2000, /* a child that says nothing for so long, and wants no CPU, hangs */
	HANGS_MAX = 8, /* then there are no more stacks of sleepers */
};

struct sleepers {
	struct helper child;
	int link; /* the capture's */
	unsigned int hz, hangs;
	__u64 heard_ns; /* 0: not yet */
	size_t used;
	__u32 stack_bytes; /* that follow a record's head */
	__u8 *buf; /* one record and a half may be under way */
};

static void write_all(int fd, const void *data, size_t len)
{
	if (io_write(fd, data, len))
		_exit(0);
}

/* A pass: whole records, then an empty head that says that we live. */
static void sleepers_pass(int sleepers, int out, char *buf)
{
	static const struct vigie_stack alive = { .kind = VIGIE_STACK_KINDS };
	int fd = capture_pass(sleepers);
	ssize_t n;

	if (fd < 0)
		_exit(1);
	while ((n = read(fd, buf, PASS_BYTES)) > 0 || (n < 0 && errno == EAGAIN))
		if (n > 0)
			write_all(out, buf, n);
	close(fd);
	write_all(out, &alive, sizeof(alive));
}

static void run_child(void *ctx, int out)
{
	struct sleepers *s = ctx;
	const int keep[] = { s->link, out };
	int sleepers = s->link;
	struct timespec next;
	char *buf = malloc(PASS_BYTES);

	/* Not the session's programs: left behind, we would keep them attached. */
	process_close_all_but(keep, 2);
	helper_quiet(helper_null());
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	clock_gettime(CLOCK_MONOTONIC, &next);
	while (buf) {
		sleepers_pass(sleepers, out, buf);
		next.tv_nsec += (long)NS_PER_S / s->hz;
		next.tv_sec += next.tv_nsec / (long)NS_PER_S;
		next.tv_nsec %= (long)NS_PER_S;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	_exit(1);
}

static int sleepers_start(struct sleepers *s)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC))
		return -errno;
	if (fcntl(pair[1], F_SETPIPE_SZ, PIPE_BYTES) < 0)
		fcntl(pair[1], F_SETPIPE_SZ, PIPE_BYTES_ALLOWED);
	if (fcntl(pair[0], F_SETFL, O_NONBLOCK)) { /* a read of it would wait for the child */
		int err = -errno;

		close(pair[0]);
		close(pair[1]);
		return err;
	}
	s->heard_ns = 0;
	s->used = 0;
	return helper_start(&s->child, pair, run_child, s);
}

int sleepers__start(const struct capture *capture, unsigned int hz, struct sleepers **ret)
{
	int link = capture__sleepers(capture), err;
	struct sleepers *s;

	if (link < 0)
		return link;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->child.fd = -1;
	s->link = link;
	s->hz = hz;
	s->stack_bytes = capture__sleeper_bytes(capture);
	s->buf = malloc(PASS_BYTES);
	err = s->buf ? sleepers_start(s) : -ENOMEM;
	if (err) {
		sleepers__free(s);
		return err;
	}
	*ret = s;
	return 0;
}

void sleepers__free(struct sleepers *s)
{
	if (!s)
		return;
	helper_stop(&s->child);
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

static void hand_out(struct sleepers *s, __u64 until, capture_fn fn, void *ctx)
{
	size_t at = 0, len;

	for (; clock_monotonic_ns() < until && (len = record_at(s, at)); at += len) {
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
	const __u64 until = clock_monotonic_ns() + HAND_OUT_NS;
	ssize_t n = 1; /* not asked yet */

	if (s->child.fd < 0)
		return false;
	if (!s->heard_ns)
		s->heard_ns = now_ns;
	/* What stacks take is the target's to say: the rest has time until the next call. */
	hand_out(s, until, fn, ctx);
	while (clock_monotonic_ns() < until &&
	       (n = read(s->child.fd, s->buf + s->used, PASS_BYTES - s->used)) > 0) {
		s->heard_ns = now_ns;
		s->used += n;
		hand_out(s, until, fn, ctx);
	}
	if (n == 0) {
		helper_stop(&s->child);
	} else if (n < 0 && now_ns - s->heard_ns > HANG_MS * NS_PER_MS &&
		   !proc_is_runnable(s->child.pid)) {
		/* The next one passes by the thread at whose stack it hangs. */
		helper_stop(&s->child);
		s->hangs++;
		if (s->hangs < HANGS_MAX)
			sleepers_start(s);
	}
	return s->child.fd >= 0;
}

unsigned int sleepers__hangs(const struct sleepers *s)
{
	return s->hangs;
}

__u64 sleepers__cpu_ns(const struct sleepers *s)
{
	return helper_cpu_ns(&s->child);
}
