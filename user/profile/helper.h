/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * helper.h - what is common to the processes of a session that may hang: how they end, what they
 * cost, how they are asked.
 */
#ifndef VIGIE_PROFILE_HELPER_H
#define VIGIE_PROFILE_HELPER_H

#include <sys/types.h>

#include "profile/packet.h"

struct helper {
	pid_t pid; /* 0: none */
	int fd; /* our end of its pipe or socket; -1: none */
	__u64 past_cpu_ns; /* of those before */
};

/* Forks: run() gets pair[1] and does not return, pair[0] is ours. 0; -errno, and both are closed. */
int helper_start(struct helper *h, const int pair[2], void (*run)(void *ctx, int fd), void *ctx);
/*
 * SIGKILL, and a moment for the kernel. Who waits for a file system that does not answer hears no
 * signal: it is left behind, and ends when it can.
 */
void helper_stop(struct helper *h);
__u64 helper_cpu_ns(const struct helper *h); /* of all so far */
/*
 * In the child: who is left behind must hold nobody's terminal or pipe. The first opens /dev/null,
 * the second puts it in place of the three streams; between, errors may still be said.
 */
int helper_null(void);
void helper_quiet(int null);
/* In the child: as many files as the host lets us have, not as many as a shell does. */
void helper_many_files(void);
/*
 * 1: a packet; 0: none until then, in CLOCK_MONOTONIC; -EPIPE: it is gone; -errno. Who asks several
 * times gives the same time: a helper, or a file system that it waits for, may answer whenever the
 * patience of one question is about to end.
 */
int helper_answer(int socket, struct packet *in, __u64 until_ns);
/*
 * As above, of one that may take each_ns. Who wants nothing but a CPU then does not hang, beside many
 * others a quarter of a second is soon over: it has as long again, but not beyond last_ns.
 */
int helper_answer_or_hang(const struct helper *h, struct packet *in, __u64 each_ns, __u64 last_ns);
/* What is left of a helper's time after it kept us waiting since then. Only shrinks. */
void patience_spend(__u64 *left_ns, __u64 since_ns);

#endif
