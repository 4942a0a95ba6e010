// SPDX-License-Identifier: GPL-2.0-only
/*
 * namer_child.c - the namer: takes a question, has a reader answer it, and passes the answer on.
 *
 * The namer has the capability to read any file and parses nothing. A reader opens the directories
 * that there are at that moment (a runtime may be installed after vigie was started), confines
 * itself to them, and only then looks into a file. It answers one question, so what it may have
 * become by parsing is gone with it, and has a second: a file may be on a file system of its
 * user that never answers.
 */
#include "daemon/namer_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/namer_wire.h"
#include "sandbox/confine.h"
#include "sandbox/process.h"

enum {
	READER_S = 1, /* then its alarm ends it */
	PATIENCE_MS = 1500, /* then it hangs where no signal reaches */
	HUNG_MAX = 4, /* with so many nobody is asked any more, until one ends */
};

struct child {
	const char *root;
	int fd;
	unsigned int hung;
	struct self_namer self;
};

static void reader(const struct child *c, const struct lookup_ask *ask, int result)
	__attribute__((noreturn));
static void reader(const struct child *c, const struct lookup_ask *ask, int result)
{
	struct namer_read read = { .err = 0 };
	struct lookup lookup;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	close(c->fd);
	/* One that hangs for good must not keep whoever reads our messages from their end. */
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	alarm(READER_S);
	lookup_open(&lookup, c->root, ask);
	read.err = confine_reader(lookup.dirs, LOOKUP_DIRS_MAX);
	if (!read.err)
		read.err = lookup_find(&lookup, ask, &read.names);
	if (write(result, &read, sizeof(read)) != sizeof(read))
		_exit(1);
	_exit(0);
}

static void reap(struct child *c)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		if (c->hung)
			c->hung--;
}

/* The answer, or what became of who should have given it. */
static int await_reader(struct child *c, pid_t pid, int result, struct namer_read *ret)
{
	struct pollfd fd = { .fd = result, .events = POLLIN };
	int ready;

	do
		ready = poll(&fd, 1, PATIENCE_MS);
	while (ready < 0 && errno == EINTR);
	if (ready <= 0) {
		c->hung++;
		return -ETIMEDOUT;
	}
	if (read(result, ret, sizeof(*ret)) != sizeof(*ret))
		ret->err = -ECHILD;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return (int)ret->err;
}

static int child_read(struct child *c, const struct lookup_ask *ask, struct namer_read *ret)
{
	int pair[2], err;
	pid_t pid;

	reap(c);
	if (c->hung >= HUNG_MAX)
		return -EBUSY;
	if (pipe2(pair, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		reader(c, ask, pair[1]);
	}
	close(pair[1]);
	err = pid < 0 ? -errno : await_reader(c, pid, pair[0], ret);
	close(pair[0]);
	return err;
}

static void child_answer(struct child *c, const struct lookup_ask *ask)
{
	struct namer_said said = { .ask = *ask, .outcome = NAMER_FAILED };
	struct namer_read read = { .err = 0 };

	said.err = lookup_ask_is_valid(ask) ? child_read(c, ask, &read) : -EINVAL;
	if (!said.err && !container_packed_is_valid(&read.names))
		said.err = -EBADMSG;
	if (!said.err) {
		said.outcome = NAMER_FOUND;
		said.names = read.names;
	} else if (said.err == -ENOENT) {
		said.outcome = NAMER_UNKNOWN;
	}
	c->self.lookups[said.outcome]++;
	c->self.cpu_ns = process_cpu_ns(RUSAGE_SELF) + process_cpu_ns(RUSAGE_CHILDREN);
	said.self = c->self;
	send(c->fd, &said, sizeof(said), MSG_NOSIGNAL);
}

void namer_run(int fd, const void *ctx)
{
	struct child c = { .root = ctx, .fd = fd };
	struct lookup_ask ask;
	ssize_t n;

	while ((n = recv(fd, &ask, sizeof(ask), 0)) != 0) {
		if (n == sizeof(ask))
			child_answer(&c, &ask);
		else if (n > 0 || errno != EINTR)
			return;
	}
}
