/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * farewell.h - closing a connection whose peer is still sending.
 *
 * Closing a TCP socket with input unread sends a reset, which can overtake the answer
 * ("431") and destroy it at the client. So a duplicate of the descriptor stays for a while
 * and swallows what still comes.
 *
 * Owns: these duplicates, how many, how long, how much. Not here: what is answered.
 */
#ifndef VIGIE_HTTP_FAREWELL_H
#define VIGIE_HTTP_FAREWELL_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

enum { FAREWELLS_MAX = 32 };

struct farewell {
	int fd; /* -1: free */
	__u64 deadline_ms;
	size_t bytes;
};

struct farewells {
	int epoll_fd; /* the caller's, which wakes for them */
	unsigned int n;
	struct farewell all[FAREWELLS_MAX];
};

void farewells_init(struct farewells *f);
void farewells_done(struct farewells *f);
/* fd stays the caller's, who closes it; where there is nothing to wait for, that is all. */
void farewell_start(struct farewells *f, int fd, __u64 now_ms);
/* Swallows what has come, and closes what is over. */
void farewells_run(struct farewells *f, __u64 now_ms);
/* The earliest of them and of next (0: none). */
__u64 farewells_deadline(const struct farewells *f, __u64 next);

/* 503 to who cannot be admitted, unless that would need a handshake first; takes fd. */
void farewell_refuse(struct farewells *f, int fd, bool encrypted, __u64 now_ms);

#endif
