/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pusher.h - the loop of vigie-push: a page from the daemon every interval, to each destination.
 *
 * Owns: the one loop in which nothing waits for anything else, fetching the page and what is new in
 * the findings' log, the order of stopping. Not here: a destination (sink.h), the process (app/push_main.c).
 */
#ifndef VIGIE_PUSH_PUSHER_H
#define VIGIE_PUSH_PUSHER_H

#include "push/sink.h"

struct pusher_config {
	const struct push_settings *settings;
	const struct push_secrets *secrets; /* one a target */
	int spool_root; /* -1: none */
	struct push_identity identity;
	push_say_fn *say; /* a line of the log */
	push_say_fn *status; /* what is so now: the same text may come again */
	void (*alive)(void *ctx); /* it works */
	void *ctx;
};

struct pusher;

/* Makes all that is needed beforehand, so that later only files of the spool are opened. 0 or -errno. */
int pusher__new(const struct pusher_config *config, struct pusher **ret);
void pusher__free(struct pusher *pusher); /* accepts NULL */
/*
 * Until signal_fd, a signalfd, says SIGTERM or SIGINT. SIGUSR1 has a line said of each destination.
 * alive_every_ns: 0: nobody wants to hear that. 0 or -errno.
 */
int pusher__run(struct pusher *pusher, int signal_fd, __u64 alive_every_ns);

#endif
