// SPDX-License-Identifier: GPL-2.0-only
/* command.c - owns the child process of "record -- COMMAND": its gate, its error, its status. */
#include "app/command.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/signals.h"

enum { BY_SIGNAL = 128 };

/* What it has is what it would have without us: a signal that came meanwhile finds it so, too. */
static void execute(char **argv, int go, int failed)
{
	int err;
	char byte;

	signals_give_back();
	if (read(go, &byte, 1) != 1) /* the session failed */
		_exit(BY_SIGNAL - 1);
	execvp(argv[0], argv);
	err = -errno;
	if (write(failed, &err, sizeof(err)) != sizeof(err))
		_exit(BY_SIGNAL - 1);
	_exit(err == -ENOENT ? BY_SIGNAL - 1 : BY_SIGNAL - 2);
}

int command_fork(struct command *c, char **argv)
{
	int go[2], failed[2], err = 0;
	__u64 mask;

	c->go = c->failed = -1;
	if (pipe2(go, O_CLOEXEC))
		return -errno;
	if (pipe2(failed, O_CLOEXEC | O_NONBLOCK)) {
		err = -errno;
		close(go[0]);
		close(go[1]);
		return err;
	}
	mask = signals_block();
	c->pid = fork();
	if (!c->pid) {
		close(go[1]);
		close(failed[0]);
		execute(argv, go[0], failed[1]);
	}
	if (c->pid < 0)
		err = -errno;
	signals_unblock(mask);
	close(go[0]);
	close(failed[1]);
	c->go = go[1];
	c->failed = failed[0];
	return err;
}

/* A byte, not an end: children of the session hold the pipe open, too. */
int command_go(struct command *c)
{
	int err = write(c->go, "", 1) == 1 ? 0 : -errno;

	close(c->go);
	c->go = -1;
	return err;
}

int command_error(struct command *c)
{
	int err;

	if (read(c->failed, &err, sizeof(err)) == sizeof(err))
		c->err = err;
	return c->err;
}

bool command_runs(const struct command *c)
{
	siginfo_t info = { 0 };

	return !waitid(P_PID, c->pid, &info, WEXITED | WNOHANG | WNOWAIT) && !info.si_pid;
}

int command_wait(struct command *c)
{
	int status;

	if (c->go >= 0) /* it never may */
		close(c->go);
	close(c->failed);
	while (waitpid(c->pid, &status, 0) < 0)
		if (errno != EINTR)
			return 0;
	return WIFSIGNALED(status) ? BY_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}
