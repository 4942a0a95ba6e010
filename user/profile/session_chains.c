// SPDX-License-Identifier: GPL-2.0-only
/*
 * session_chains.c - owns the chains of wakers: who was waited for in the end.
 *
 * The programs keep chains of two hops and more. What a pair of thread and waker has beyond these
 * is its chain of one, so that all chains are the pairs' time.
 */
#include "profile/session_parts.h"

#include <stdlib.h>

struct pairs {
	struct capture_wake *all;
	size_t n;
};

static struct capture_wake *pair_of(const struct pairs *pairs, __u32 tid,
				    const struct vigie_hop *hop)
{
	const struct vigie_wake_key key = { .tid = tid,
					    .waker_tid = hop->tid,
					    .kind = hop->kind,
					    .wait_reason = hop->wait_reason };

	return bsearch(&key, pairs->all, pairs->n, sizeof(*pairs->all), session_by_wake_key);
}

/* A pair that found no room still has a kind and a tid. */
static int hop_party(struct session *s, const struct pairs *pairs, __u32 tid,
		     const struct vigie_hop *hop, __u32 *ret)
{
	const struct capture_wake *known = pair_of(pairs, tid, hop);
	const struct capture_wake bare = { .key = { .kind = hop->kind, .waker_tid = hop->tid } };

	return session_waker_party(s, known ? known : &bare, ret);
}

static int add_chain(struct session *s, const struct pairs *pairs, const struct capture_chain *c)
{
	const struct known_thread *t = session_thread_by_tid(s, c->key.tid);
	struct profile_chain chain = { .n = c->key.n,
				       .count = c->chain.count,
				       .ns = c->chain.wait_ns };
	struct capture_wake *first = pair_of(pairs, c->key.tid, &c->key.hops[0]);
	__u32 i, tid = c->key.tid;
	int err = 0;

	/* Without its pair it is time that is said to be lost. */
	if (!t || !first || chain.n > VIGIE_HOPS || first->wake.wait_ns < chain.ns ||
	    first->wake.count < chain.count)
		return 0;
	first->wake.wait_ns -= chain.ns;
	first->wake.count -= chain.count;
	chain.thread = t->thread;
	for (i = 0; i < chain.n && !err; i++) {
		chain.wait_reason[i] = c->key.hops[i].wait_reason;
		err = hop_party(s, pairs, tid, &c->key.hops[i], &chain.party[i]);
		tid = c->key.hops[i].tid;
	}
	return err ? err : profile_chain(s->profile, &chain);
}

static int add_single(struct session *s, const struct capture_wake *w)
{
	const struct known_thread *t = session_thread_by_tid(s, w->key.tid);
	struct profile_chain chain = { .n = 1, .count = w->wake.count, .ns = w->wake.wait_ns };
	int err;

	if (!t || (!chain.ns && !chain.count))
		return 0;
	chain.thread = t->thread;
	chain.wait_reason[0] = w->key.wait_reason;
	err = session_waker_party(s, w, &chain.party[0]);
	return err ? err : profile_chain(s->profile, &chain);
}

int session_settle_chains(struct session *s, struct capture_wake *wakes, size_t nwakes)
{
	const struct pairs pairs = { .all = wakes, .n = nwakes };
	struct capture_chain *chains;
	size_t n, i;
	int err = capture__chains(s->capture, &chains, &n);

	if (err)
		return err;
	qsort(pairs.all, pairs.n, sizeof(*pairs.all), session_by_wake_key);
	for (i = 0; i < n && !err; i++)
		err = add_chain(s, &pairs, &chains[i]);
	for (i = 0; i < pairs.n && !err; i++)
		err = add_single(s, &pairs.all[i]);
	s->profile->beside.chains_lost_ns = capture__lost(s->capture, VIGIE_SESSION_LOST_CHAINS);
	free(chains);
	return err;
}
