// SPDX-License-Identifier: GPL-2.0-only
/*
 * conns.c - see conns.h.
 *
 * Owns: the table. Small enough to be scanned: 256 connections, a few scans a second.
 * Does not belong here: system calls.
 */
#include "http/conns.h"

enum {
	HEADER_MS = 10 * 1000,
	VERIFY_MS = 10 * 1000,
	ANSWER_MS = 10 * 1000,
	ASKED_MS = 20 * 1000,
	IDLE_MS = 90 * 1000,
	/* A client in good order is done with these long before. */
	HEADER_STALE_MS = 2 * 1000,
	ANSWER_STALE_MS = 5 * 1000,
};

void conn_enter(struct conn *c, enum phase phase, __u64 now_ms)
{
	static const unsigned int limits_ms[] = {
		[PHASE_HEADER] = HEADER_MS, [PHASE_VERIFY] = VERIFY_MS, [PHASE_ANSWER] = ANSWER_MS,
		[PHASE_ASKED] = ASKED_MS,   [PHASE_IDLE] = IDLE_MS,
	};

	c->phase = phase;
	c->since_ms = now_ms;
	c->deadline_ms = now_ms + limits_ms[phase];
}

struct conn *conns_add(struct conns *cs, int fd, __u64 now_ms)
{
	for (struct conn *c = cs->slots; c < cs->slots + CONN_SLOTS; c++) {
		if (c->used)
			continue;
		*c = (struct conn){ .used = true, .fd = fd };
		conn_enter(c, PHASE_HEADER, now_ms);
		cs->alive++;
		return c;
	}
	return NULL;
}

void conns_end(struct conns *cs, struct conn *c)
{
	if (c->ended)
		return;
	c->ended = true;
	cs->alive--;
}

void conns_remove(struct conns *cs, struct conn *c)
{
	conns_end(cs, c);
	c->used = false;
}

/* How gladly it is given up; -1: not at all. */
static int dispensable(const struct conn *c, __u64 now_ms)
{
	__u64 age_ms = now_ms - c->since_ms;

	switch (c->phase) {
	case PHASE_HEADER: return age_ms >= HEADER_STALE_MS ? 4 : 2;
	case PHASE_VERIFY: return 2; /* few are verified at once, which has limits of its own */
	case PHASE_IDLE: return c->trusted ? 1 : 3;
	case PHASE_ASKED:
	case PHASE_ANSWER: break;
	}
	return age_ms >= ANSWER_STALE_MS ? 0 : -1;
}

struct conn *conns_worst(struct conns *cs, __u64 now_ms)
{
	struct conn *worst = NULL;
	int worst_rank = -1;

	for (struct conn *c = cs->slots; c < cs->slots + CONN_SLOTS; c++) {
		int rank;

		if (!c->used || c->ended)
			continue;
		rank = dispensable(c, now_ms);
		if (rank > worst_rank ||
		    (worst && rank == worst_rank && c->since_ms < worst->since_ms)) {
			worst = c;
			worst_rank = rank;
		}
	}
	return worst;
}
