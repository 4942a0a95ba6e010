/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * side_process.h - a process of ours with one task and one socket, that says first whether it could give up
 * what it must not have.
 *
 * Owns: the fork, what the child keeps, its limits, and that first word. Not here: what it does then.
 */
#ifndef VIGIE_DAEMON_SIDE_PROCESS_H
#define VIGIE_DAEMON_SIDE_PROCESS_H

#include <sys/types.h>

#include "sandbox/confine.h"

struct side_process_plan {
	const char *name; /* of the process: at most 15 bytes */
	enum confine_role role;
	int niceness; /* 0: as the others */
	size_t most_bytes; /* of memory of its own; 0: a gigabyte of addresses */
	int killed_sooner; /* when memory runs out; added to oom_score_adj, which needs no privilege */
	/* With its end of a SOCK_SEQPACKET pair; returns when the other end is gone. */
	void (*run)(int fd, const void *ctx);
	const void *ctx;
	const struct confine_config *as; /* another user than nobody, in that role; NULL: nobody */
	const int *kept; /* a descriptor that it has beside its socket; NULL: none */
};

/*
 * As nobody (where there is none: as the user that vigie serves as), once it is confined. 0; or -errno with
 * *ret_what (static). The descriptor does not block on the caller's side if asked with MSG_DONTWAIT.
 */
int side_process_start(const struct side_process_plan *plan, pid_t *ret_pid, int *ret_fd,
		       const char **ret_what);
/* Closes the descriptor, at which it ends, and waits a little for that. Accepts a pid of 0. */
void side_process_stop(pid_t pid, int fd);

#endif
