// SPDX-License-Identifier: GPL-2.0-only
/*
 * profiler_child.c - the profiler: waits to be asked, decides whether, and has one session at a
 * time run in a process of its own.
 *
 * It ends when the main process does, and takes a session that runs with it: its programs are
 * gone with its descriptors.
 */
#include "daemon/profiler_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "daemon/profiler_rate.h"
#include "daemon/profiler_session.h"
#include "daemon/session_lock.h"
#include "profile/kallsyms.h"
#include "sandbox/confine.h"
#include "sandbox/process.h"

enum {
	PATIENCE_S = 60, /* a session that takes longer hangs */
	END_MS = 1000, /* that its process may take to end; then we go on without */
};

struct child {
	int asks, parcels;
	const char *runtime_root; /* NULL: no names of containers */
	struct profiler_rate rate;
	pid_t session; /* 0: none runs */
	int result; /* its pipe, never waited for */
	int session_end; /* pidfd */
	/*
	 * One that did not end: it waits for a file system where no signal reaches, and may have its
	 * programs attached as long. It is reaped when it can be; until then there is no other one.
	 */
	pid_t hung; /* 0: none */
	int hung_end; /* pidfd */
	__u64 until_ns;
	struct profiler_said said; /* of the session that runs; totals of all */
};

/* Whoever does not listen hears the totals with the next one. */
static void child_say(struct child *c, struct profiler_said *said)
{
	c->said.self.captures[said->outcome]++;
	c->said.self.cpu_ns = process_cpu_ns(RUSAGE_SELF) + process_cpu_ns(RUSAGE_CHILDREN);
	said->self = c->said.self;
	send(c->asks, said, sizeof(*said), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static bool is_valid(const struct profiler_ask *ask)
{
	__u32 i;

	if (!ask->n || ask->n > PROFILER_TARGETS || ask->id[FINDING_ID_LEN - 1] ||
	    strspn(ask->id, "0123456789abcdef") != FINDING_ID_LEN - 1)
		return false;
	for (i = 0; i < ask->n; i++)
		if (ask->targets[i].pid <= 1 || ask->targets[i].pid > 1 << 22)
			return false;
	return true;
}

static void session_child(struct child *c, const struct profiler_ask *ask, int result)
	__attribute__((noreturn));
static void session_child(struct child *c, const struct profiler_ask *ask, int result)
{
	struct profiler_said said = { .outcome = PROFILER_FAILED };

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	prctl(PR_SET_NAME, "vigie-session", 0, 0, 0);
	close(c->asks);
	memcpy(said.id, ask->id, sizeof(said.id));
	profiler_session(ask, c->runtime_root, c->parcels, &said);
	if (write(result, &said, sizeof(said)) != sizeof(said))
		_exit(1);
	_exit(0);
}

static int child_begin(struct child *c, const struct profiler_ask *ask)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	c->session = fork();
	if (c->session == 0)
		session_child(c, ask, pair[1]);
	close(pair[1]);
	if (c->session < 0) {
		c->session = 0;
		close(pair[0]);
		return -EAGAIN;
	}
	c->result = pair[0];
	c->session_end = syscall(SYS_pidfd_open, c->session, 0);
	c->until_ns = clock_boottime_ns() + PATIENCE_S * NS_PER_S;
	memcpy(c->said.id, ask->id, sizeof(ask->id));
	return 0;
}

/* PROFILER_CAPTURED: it has begun. What finds the host busy has not had its turn. */
static enum profiler_outcome decide(struct child *c, const struct profiler_ask *ask, __s32 *ret_err)
{
	enum profiler_outcome outcome = PROFILER_CAPTURED;
	char holder[SESSION_HOLDER_LEN];
	int lock;

	if (c->session || c->hung)
		return PROFILER_BUSY;
	lock = session_lock_take("vigie serve", false, holder);
	if (lock == -EWOULDBLOCK)
		return PROFILER_BUSY;
	*ret_err = lock < 0 ? lock : 0;
	if (!*ret_err && !profiler_rate_take(&c->rate, clock_boottime_ns(), &ask->targets[0]))
		outcome = PROFILER_LIMITED;
	else if (!*ret_err)
		*ret_err = child_begin(c, ask);
	if (lock >= 0)
		close(lock); /* the session's process has it, too, and holds it to its end */
	return *ret_err ? PROFILER_FAILED : outcome;
}

static void take_ask(struct child *c, const struct profiler_ask *ask)
{
	struct profiler_said said = { .outcome = PROFILER_FAILED };

	if (!is_valid(ask)) {
		said.err = -EINVAL;
		child_say(c, &said);
		return;
	}
	memcpy(said.id, ask->id, sizeof(said.id));
	said.outcome = decide(c, ask, &said.err);
	if (said.err)
		snprintf(said.what, sizeof(said.what), "begin a session");
	else if (said.outcome == PROFILER_BUSY && c->hung)
		snprintf(said.what, sizeof(said.what),
			 "the one before, process %d, hangs and cannot be ended", c->hung);
	if (said.outcome != PROFILER_CAPTURED)
		child_say(c, &said);
}

static void reap_hung(struct child *c)
{
	if (!process_await_end(c->hung, 0, NULL))
		return;
	close(c->hung_end);
	c->hung = 0;
}

/* The session has sent its outcome, or has died, or hangs. */
static void session_end(struct child *c)
{
	struct profiler_said said = { .outcome = PROFILER_FAILED };
	bool late = clock_boottime_ns() >= c->until_ns;
	ssize_t n;

	if (late)
		kill(c->session, SIGKILL);
	n = read(c->result, &said, sizeof(said));
	if (n != sizeof(said) || said.outcome >= PROFILER_OUTCOMES) {
		memset(&said, 0, sizeof(said));
		memcpy(said.id, c->said.id, sizeof(said.id));
		said.outcome = PROFILER_FAILED;
		said.err = late ? -ETIMEDOUT : -ECHILD;
		snprintf(said.what, sizeof(said.what), "run the session: its process %s",
			 late ? "hangs" : "ended");
	}
	said.what[sizeof(said.what) - 1] = '\0';
	close(c->result);
	if (process_await_end(c->session, END_MS, NULL)) {
		close(c->session_end);
	} else {
		kill(c->session, SIGKILL);
		c->hung = c->session;
		c->hung_end = c->session_end;
	}
	c->session = 0;
	child_say(c, &said);
}

static int patience_ms(const struct child *c)
{
	__u64 now = clock_boottime_ns();

	if (!c->session)
		return -1;
	return now >= c->until_ns ? 0 : (int)((c->until_ns - now) / NS_PER_MS + 1);
}

static void child_loop(struct child *c)
{
	struct pollfd fds[3];
	struct profiler_ask ask;
	ssize_t n;

	for (;;) {
		fds[0] = (struct pollfd){ .fd = c->asks, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = c->session ? c->result : -1, .events = POLLIN };
		fds[2] = (struct pollfd){ .fd = c->hung ? c->hung_end : -1, .events = POLLIN };
		if (poll(fds, 3, patience_ms(c)) < 0 && errno != EINTR)
			return;
		if (c->hung)
			reap_hung(c);
		if (c->session && (fds[1].revents || clock_boottime_ns() >= c->until_ns))
			session_end(c);
		if (!fds[0].revents)
			continue;
		n = recv(c->asks, &ask, sizeof(ask), MSG_DONTWAIT);
		if (n == sizeof(ask))
			take_ask(c, &ask);
		else if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return;
	}
}

void profiler_child(int asks, int parcels, const char *runtime_root)
{
	const int keep[] = { asks, parcels, kallsyms_take() };
	struct child c = { .asks = asks, .parcels = parcels, .runtime_root = runtime_root };
	struct profiler_said said = { .outcome = PROFILER_CAPTURED };
	const char *what = "";

	process_ignore_signals();
	prctl(PR_SET_NAME, "vigie-profiler", 0, 0, 0);
	process_close_all_but(keep, 3);
	said.err = confine_profiler(&what);
	snprintf(said.what, sizeof(said.what), "%s", what);
	send(asks, &said, sizeof(said), MSG_NOSIGNAL);
	if (!said.err)
		child_loop(&c);
	if (c.session)
		kill(c.session, SIGKILL);
	_exit(said.err != 0);
}
