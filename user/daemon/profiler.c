// SPDX-License-Identifier: GPL-2.0-only
/* profiler.c - the main process' end: starting the profiler, asking, never waiting. */
#include "daemon/profiler.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/profiler_child.h"
#include "sandbox/process.h"

enum { START_MS = 5000 };

struct profiler {
	pid_t pid;
	int fd; /* -1: it is gone */
	struct profiler_said last;
	bool has_said;
};

const char *profiler_outcome_name(enum profiler_outcome outcome)
{
	static const char *const names[] = { PROFILER_OUTCOME_TABLE(SELF_LABEL) };

	return outcome < PROFILER_OUTCOMES ? names[outcome] : "failed";
}

static void profiler_gone(struct profiler *profiler)
{
	if (profiler->fd >= 0)
		close(profiler->fd);
	profiler->fd = -1;
}

/* The first thing that it says is whether it could give up what it must not have. */
static int await_start(struct profiler *profiler, const char **ret_what)
{
	static char what[PROFILER_WHAT_LEN];
	struct pollfd fd = { .fd = profiler->fd, .events = POLLIN };
	struct profiler_said said;

	if (poll(&fd, 1, START_MS) <= 0)
		return -ETIMEDOUT;
	if (recv(profiler->fd, &said, sizeof(said), MSG_DONTWAIT) != sizeof(said))
		return -EPIPE;
	if (!said.err)
		return 0;
	memcpy(what, said.what, sizeof(what));
	what[sizeof(what) - 1] = '\0';
	*ret_what = what;
	return said.err;
}

int profiler__start(const char *runtime_root, struct profiler **ret, int *ret_writer,
		    const char **ret_what)
{
	struct profiler *profiler = calloc(1, sizeof(*profiler));
	int asks[2] = { -1, -1 }, parcels[2] = { -1, -1 }, err = 0;

	*ret_what = "make its sockets";
	if (!profiler)
		return -ENOMEM;
	profiler->fd = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, asks) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, parcels))
		err = -errno;
	if (!err) {
		*ret_what = "fork";
		profiler->pid = fork();
		if (profiler->pid == 0)
			profiler_child(asks[1], parcels[1], runtime_root);
		err = profiler->pid < 0 ? -errno : 0;
	}
	profiler->fd = asks[0];
	close(asks[1]);
	close(parcels[1]);
	*ret_what = "start";
	if (!err)
		err = await_start(profiler, ret_what);
	if (err) {
		close(parcels[0]);
		profiler__free(profiler);
		return err;
	}
	*ret_writer = parcels[0];
	*ret = profiler;
	return 0;
}

void profiler__free(struct profiler *profiler)
{
	if (!profiler)
		return;
	profiler_gone(profiler);
	/* It ends when its socket does. */
	if (profiler->pid > 0)
		process_await_end(profiler->pid, PROCESS_STOP_MS, NULL);
	free(profiler);
}

int profiler__fd(const struct profiler *profiler)
{
	return profiler->fd;
}

bool profiler__listen(struct profiler *profiler, struct profiler_said *ret)
{
	ssize_t n;

	if (profiler->fd < 0)
		return false;
	do
		n = recv(profiler->fd, ret, sizeof(*ret), MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n != sizeof(*ret)) {
		profiler_gone(profiler);
		return false;
	}
	ret->id[sizeof(ret->id) - 1] = ret->what[sizeof(ret->what) - 1] = '\0';
	profiler->last = *ret;
	profiler->has_said = true;
	return true;
}

int profiler__ask(struct profiler *profiler, const struct profiler_ask *ask)
{
	if (profiler->fd < 0)
		return -EPIPE;
	if (send(profiler->fd, ask, sizeof(*ask), MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(*ask))
		return 0;
	return -errno;
}

const struct profiler_said *profiler__last(const struct profiler *profiler)
{
	return profiler->has_said ? &profiler->last : NULL;
}
