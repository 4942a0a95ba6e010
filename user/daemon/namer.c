// SPDX-License-Identifier: GPL-2.0-only
/* namer.c - the main process' end: starting the namer, asking, never waiting. */
#include "daemon/namer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/namer_child.h"
#include "daemon/side_process.h"

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

int namer__start(const char *root, struct namer **ret, const char **ret_what)
{
	const struct side_process_plan plan = {
		.name = "vigie-namer",
		.role = CONFINE_NAMER,
		.run = namer_run,
		.ctx = root,
	};
	struct namer *namer = calloc(1, sizeof(*namer));
	int err = -ENOMEM;

	*ret_what = "allocate";
	if (namer)
		err = side_process_start(&plan, &namer->pid, &namer->fd, ret_what);
	if (err) {
		free(namer);
		return err;
	}
	*ret = namer;
	return 0;
}

void namer__free(struct namer *namer)
{
	if (!namer)
		return;
	side_process_stop(namer->pid, namer->fd);
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
