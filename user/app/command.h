/* SPDX-License-Identifier: GPL-2.0-only */
/* command.h - the command that a session looks at, from its fork to its exit status. */
#ifndef VIGIE_APP_COMMAND_H
#define VIGIE_APP_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

struct command {
	pid_t pid; /* 0: there is none */
	int go; /* a byte: it may execute; -1 */
	int failed; /* says -errno if it could not; -1 */
	int err; /* which it said */
};

/* Forks; the child waits. 0 or -errno. */
int command_fork(struct command *c, char **argv);
/* Now. 0 or -errno. */
int command_go(struct command *c);
/* It could not be executed: -errno. 0: it was, or not yet. */
int command_error(struct command *c);
/* It has not ended. */
bool command_runs(const struct command *c);
/* Waits for its end; its exit status as a shell has it. */
int command_wait(struct command *c);

#endif
