/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * helper.h - what is common to the processes of a session that may hang: how they end, what they
 * cost, how they are asked.
 */
#ifndef VIGIE_PROFILE_HELPER_H
#define VIGIE_PROFILE_HELPER_H

#include <sys/types.h>

#include "profile/packet.h"

/*
 * SIGKILL, and a moment for the kernel. Who waits for a file system that does not answer hears no
 * signal: it is left behind, and ends when it can. Returns the CPU time that it took, ns.
 */
__u64 helper_end(pid_t pid);
/* In the child: closes all descriptors above the three streams but these two, or this one. */
void helper_keep(int a, int b);
/*
 * In the child: who is left behind must hold nobody's terminal or pipe. The first opens /dev/null,
 * the second puts it in place of the three streams; between, errors may still be said.
 */
int helper_null(void);
void helper_quiet(int null);
/* In the child: as many files as the host lets us have, not as many as a shell does. */
void helper_many_files(void);
__u64 helper_cpu_ns(pid_t pid); /* of one that lives; ns, 0: none */
/* 1: a packet; 0: none within timeout_ms (-1: for ever); -EPIPE: it is gone; -errno. */
int helper_answer(int socket, struct packet *in, int timeout_ms);

#endif
