// SPDX-License-Identifier: GPL-2.0-only
/*
 * session_wakers.c - owns who woke, and from where: the exact time of each pair of thread and waker,
 * shared out to the stacks that were taken of that waker as it woke that thread.
 */
#include "profile/session_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

struct waker_stack {
	struct vigie_wake_key key;
	__u32 node, zero;
	__u64 weight;
};

/* Not bounded here: the programs take 100 a second. */
int session_waker_stack(struct session *s, const struct vigie_stack *stack, __u32 node)
{
	int err = array_grow(&s->waker_stacks, &s->waker_stacks_room, (size_t)s->nwaker_stacks + 1,
			     sizeof(*s->waker_stacks), UINT32_MAX);

	if (err)
		return err;
	s->waker_stacks[s->nwaker_stacks++] =
		(struct waker_stack){ .key = { .tid = stack->woken_tid,
					       .waker_tid = stack->tid,
					       .kind = VIGIE_WAKER_TASK,
					       .wait_reason = stack->wait_reason },
				      .node = node,
				      .weight = stack->weight };
	return 0;
}

int session_by_wake_key(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct vigie_wake_key));
}

static __u32 waker_party_kind(__u32 kind)
{
	static const __u32 kinds[VIGIE_WAKERS] = {
		[VIGIE_WAKER_TASK] = PROFILE_PARTY_THREAD,
		[VIGIE_WAKER_TIMER] = PROFILE_PARTY_TIMER,
		[VIGIE_WAKER_INTERRUPT] = PROFILE_PARTY_INTERRUPT,
		[VIGIE_WAKER_NETWORK] = PROFILE_PARTY_NETWORK,
		[VIGIE_WAKER_BLOCK] = PROFILE_PARTY_BLOCK,
		[VIGIE_WAKER_SOFTIRQ] = PROFILE_PARTY_SOFTIRQ,
		[VIGIE_WAKER_UNKNOWN] = PROFILE_PARTY_UNKNOWN,
	};

	return kind < VIGIE_WAKERS ? kinds[kind] : PROFILE_PARTY_UNKNOWN;
}

const struct known_thread *session_thread_by_tid(const struct session *s, __u32 tid)
{
	const struct known_thread *found = NULL;
	__u32 i;

	for (i = 0; i < s->nthreads; i++)
		if (s->threads[i].tid == tid &&
		    (!found || s->threads[i].start_ns > found->start_ns))
			found = &s->threads[i];
	return found;
}

int session_waker_party(struct session *s, const struct capture_wake *wake, __u32 *ret)
{
	struct profile_party party = { .kind = waker_party_kind(wake->key.kind),
				       .pid = wake->wake.waker_tgid,
				       .tid = wake->key.waker_tid };
	int err = profile_string(s->profile, wake->wake.comm, VIGIE_COMM_LEN, &party.comm);

	return err ? err : profile_party(s->profile, &party, ret);
}

/* The stacks of a pair: [*ret, *ret + n). */
static size_t stacks_of(const struct session *s, const struct vigie_wake_key *key,
			const struct waker_stack **ret)
{
	const struct waker_stack *end = s->waker_stacks + s->nwaker_stacks, *first, *last;

	first = s->nwaker_stacks ? bsearch(key, s->waker_stacks, s->nwaker_stacks, sizeof(*first),
					   session_by_wake_key)
				 : NULL;
	if (!first)
		return 0;
	for (last = first + 1; last < end && !session_by_wake_key(last, key); last++)
		;
	while (first > s->waker_stacks && !session_by_wake_key(first - 1, key))
		first--;
	*ret = first;
	return last - first;
}

/* A pair's waits and their time, divided as its stacks weigh; without one it has no stack. */
static int add_pair(struct session *s, const struct capture_wake *w, struct profile_sample sample)
{
	const struct waker_stack *stacks = NULL;
	size_t n = stacks_of(s, &w->key, &stacks), i;
	__u64 all = 0, done = 0;
	int err = 0;

	for (i = 0; i < n; i++)
		all += stacks[i].weight;
	if (!all) {
		sample.count = w->wake.count;
		sample.value = w->wake.wait_ns;
		return profile_add(s->profile, &sample);
	}
	for (i = 0; i < n && !err; i++) {
		sample.node = stacks[i].node;
		sample.count = session_part(w->wake.count, done, stacks[i].weight, all);
		sample.value = session_part(w->wake.wait_ns, done, stacks[i].weight, all);
		done += stacks[i].weight;
		err = profile_add(s->profile, &sample);
	}
	return err;
}

int session_settle_wakers(struct session *s)
{
	struct capture_wake *all;
	size_t n, i;
	int err = capture__wakes(s->capture, &all, &n);

	if (err)
		return err;
	if (s->nwaker_stacks)
		qsort(s->waker_stacks, s->nwaker_stacks, sizeof(*s->waker_stacks),
		      session_by_wake_key);
	for (i = 0; !err && i < n; i++) {
		const struct known_thread *t = session_thread_by_tid(s, all[i].key.tid);
		struct profile_sample sample = { .view = PROFILE_WAKERS };

		if (!t)
			continue;
		sample.thread = t->thread;
		err = session_waker_party(s, &all[i], &sample.tag);
		if (!err)
			err = add_pair(s, &all[i], sample);
	}
	if (!err)
		err = session_settle_chains(s, all, n);
	free(all);
	return err;
}
