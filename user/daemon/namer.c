// SPDX-License-Identifier: GPL-2.0-only
/* namer.c - the main process' end: starting the namer, asking, never waiting. */
#include "daemon/namer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/namer_child.h"
#include "sandbox/process.h"

enum { START_MS = 5000 };

struct namer {
	pid_t pid;
	int fd; /* -1: it is gone */
	struct self_namer self;
};

static void namer_gone(struct namer *namer)
{
	if (namer->fd >= 0)
		close(namer->fd);
	namer->fd = -1;
}

/* The first thing that it says is whether it could give up what it must not have. */
static int await_start(struct namer *namer, const char **ret_what)
{
	static char what[NAMER_WHAT_LEN];
	struct pollfd fd = { .fd = namer->fd, .events = POLLIN };
	struct namer_said said;

	if (poll(&fd, 1, START_MS) <= 0)
		return -ETIMEDOUT;
	if (recv(namer->fd, &said, sizeof(said), MSG_DONTWAIT) != sizeof(said))
		return -EPIPE;
	if (!said.err)
		return 0;
	memcpy(what, said.what, sizeof(what));
	what[sizeof(what) - 1] = '\0';
	*ret_what = what;
	return said.err;
}

int namer__start(const char *root, struct namer **ret, const char **ret_what)
{
	struct namer *namer = calloc(1, sizeof(*namer));
	int pair[2], err;

	*ret_what = "make a socket pair";
	if (!namer)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		err = -errno;
		free(namer);
		return err;
	}
	*ret_what = "fork";
	namer->pid = fork();
	if (namer->pid == 0)
		namer_child(root, pair[1]);
	err = namer->pid < 0 ? -errno : 0;
	namer->fd = pair[0];
	close(pair[1]);
	*ret_what = "start";
	if (!err)
		err = await_start(namer, ret_what);
	if (err) {
		namer__free(namer);
		return err;
	}
	*ret = namer;
	return 0;
}

void namer__free(struct namer *namer)
{
	if (!namer)
		return;
	namer_gone(namer);
	/* It ends when its socket does. */
	if (namer->pid > 0)
		process_await_end(namer->pid, PROCESS_STOP_MS, NULL);
	free(namer);
}

pid_t namer__pid(const struct namer *namer)
{
	return namer->pid;
}

int namer__fd(const struct namer *namer)
{
	return namer->fd;
}

int namer__ask(struct namer *namer, const struct lookup_ask *ask)
{
	if (namer->fd < 0)
		return -EPIPE;
	if (send(namer->fd, ask, sizeof(*ask), MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(*ask))
		return 0;
	return -errno;
}

bool namer__listen(struct namer *namer, struct namer_said *ret)
{
	ssize_t n;

	if (namer->fd < 0)
		return false;
	do
		n = recv(namer->fd, ret, sizeof(*ret), MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n != sizeof(*ret) || ret->outcome >= NAMER_OUTCOMES) {
		namer_gone(namer);
		return false;
	}
	namer->self = ret->self;
	if (ret->outcome == NAMER_FOUND && !container_packed_is_valid(&ret->names))
		ret->outcome = NAMER_FAILED;
	return true;
}

void namer__stat(const struct namer *namer, struct self_namer *ret)
{
	*ret = namer->self;
	ret->up = namer->fd >= 0;
}
