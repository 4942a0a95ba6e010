/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* wakers.bpf.h - who ends a thread's waits: another thread, or an interrupt. */
#ifndef VIGIE_WAKERS_BPF_H
#define VIGIE_WAKERS_BPF_H

#include "runq.bpf.h"

/* linux/interrupt.h: vectors of soft interrupts, in their order since 2.6.39. */
enum { VECTOR_TIMER = 1, VECTOR_NET_TX, VECTOR_NET_RX, VECTOR_BLOCK, VECTOR_IRQ_POLL };
enum { VECTOR_HRTIMER = 8 };

struct wakes_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VIGIE_WAKES_MAX);
	__type(key, struct vigie_wake_key);
	__type(value, struct vigie_wake);
};
extern struct wakes_map wakes SEC(".maps");

struct chains_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VIGIE_CHAINS_MAX);
	__type(key, struct vigie_chain_key);
	__type(value, struct vigie_chain);
};
extern struct chains_map chains SEC(".maps");

/* PURE: the context in which a CPU wakes a thread; the innermost counts. */
static __always_inline __u32 waker_of(const struct vigie_runq_cpu *q)
{
	if (q->timer)
		return VIGIE_WAKER_TIMER;
	if (q->interrupt)
		return VIGIE_WAKER_INTERRUPT;
	switch (q->softirq) {
	case 0: return VIGIE_WAKER_TASK;
	case 1 + VECTOR_TIMER:
	case 1 + VECTOR_HRTIMER: return VIGIE_WAKER_TIMER;
	case 1 + VECTOR_NET_TX:
	case 1 + VECTOR_NET_RX: return VIGIE_WAKER_NETWORK;
	case 1 + VECTOR_BLOCK:
	case 1 + VECTOR_IRQ_POLL: return VIGIE_WAKER_BLOCK;
	default: return VIGIE_WAKER_SOFTIRQ;
	}
}

/*
 * The waker is current. If it is of the target, and was itself away yet as b left, the chain goes on
 * with what ended its own last block; and of its chain with as much as was away then: times fall
 * along a chain, as each had come back before it woke the next. Its record does not change meanwhile: it runs here.
 */
static __always_inline void chain_note(struct vigie_runq_cpu *q, struct vigie_thread *b, __u32 tgid)
{
	struct task_struct *waker = compat_current();
	struct vigie_thread *w = times_running(q, waker);
	__u64 gone, back;
	__u32 i;

	if (!w)
		w = thread_times_of(waker, tgid);
	if (!w || w == b || !w->hops_n)
		return;
	gone = w->gone_ns;
	back = w->back_ns;
#pragma unroll
	for (i = 1; i < VIGIE_HOPS; i++) {
		if (i > w->hops_n || back <= b->departed_ns)
			return;
		b->hops[i] = w->hops[i - 1];
		b->hops_gone_ns[i] = gone;
		b->hops_back_ns[i] = back;
		b->hops_n = i + 1;
		gone = w->hops_gone_ns[i];
		back = w->hops_back_ns[i];
	}
}

static __always_inline void waker_note(struct vigie_thread *b)
{
	struct vigie_runq_cpu *q = runq_of(bpf_get_smp_processor_id());
	__u64 id = bpf_get_current_pid_tgid();
	__u32 kind = waker_of(q);

	b->wakes++;
	b->waker_kind = kind;
	b->hops_n = 1;
	b->hops[0] = (struct vigie_hop){ .kind = kind, .wait_reason = b->wait_reason };
	if (kind != VIGIE_WAKER_TASK)
		return;
	b->hops[0].tid = id;
	if (b->waker_tid != (__u32)id) { /* mostly it is the same one again */
		b->waker_tid = id;
		b->waker_tgid = id >> 32;
		bpf_get_current_comm(b->waker_comm, sizeof(b->waker_comm));
	}
	chain_note(q, b, id >> 32);
}

/*
 * A waker may come between a thread's leaving its run queue and our seeing it leave. Its record is at
 * work there, on another CPU, and the absence before is not booked yet: so a note beside it, which
 * times_leave() takes up. What ended the waker's own last wait was before: the chain ends with it.
 */
static __always_inline void waker_note_early(struct vigie_thread *b)
{
	__u64 id = bpf_get_current_pid_tgid();

	b->early_kind = waker_of(runq_of(bpf_get_smp_processor_id()));
	b->early_tid = id;
	b->early_tgid = id >> 32;
	bpf_get_current_comm(b->early_comm, sizeof(b->early_comm));
	b->early = 1;
}

static __always_inline void waker_take_early(struct vigie_thread *b)
{
	bool task = b->early_kind == VIGIE_WAKER_TASK;

	b->wakes++;
	b->waker_kind = b->early_kind;
	b->hops_n = 1;
	b->hops[0] = (struct vigie_hop){ .tid = task ? b->early_tid : 0,
					 .kind = b->early_kind,
					 .wait_reason = b->wait_reason };
	if (!task)
		return;
	b->waker_tid = b->early_tid;
	b->waker_tgid = b->early_tgid;
	__builtin_memcpy(b->waker_comm, b->early_comm, sizeof(b->waker_comm));
}

/*
 * A thread's waits mostly end as the last one did: they are added up in its record, and a map is
 * asked only for a change. Elements are of their own thread only: no atomics.
 */
static __noinline int wake_flush(struct vigie_thread *b)
{
	struct vigie_wake *w;

	if (!b->wake.count)
		return 0;
	w = bpf_map_lookup_elem(&wakes, &b->wake_key);
	if (w) {
		w->wait_ns += b->wake.wait_ns;
		w->count += b->wake.count;
	} else if (bpf_map_update_elem(&wakes, &b->wake_key, &b->wake, BPF_NOEXIST)) {
		lost(VIGIE_SESSION_LOST_WAKES, b->wake.wait_ns);
	}
	b->wake.wait_ns = b->wake.count = 0;
	return 0;
}

static __noinline int chain_flush(struct vigie_thread *b)
{
	struct vigie_chain *c;

	if (!b->chain.count)
		return 0;
	c = bpf_map_lookup_elem(&chains, &b->chain_key);
	if (c) {
		c->wait_ns += b->chain.wait_ns;
		c->count += b->chain.count;
	} else if (bpf_map_update_elem(&chains, &b->chain_key, &b->chain, BPF_NOEXIST)) {
		lost(VIGIE_SESSION_LOST_CHAINS, b->chain.wait_ns);
	}
	b->chain.wait_ns = b->chain.count = 0;
	return 0;
}

static __always_inline bool hop_same(const struct vigie_hop *a, const struct vigie_hop *b)
{
	return a->tid == b->tid && a->kind == b->kind && a->wait_reason == b->wait_reason;
}

/*
 * How much of the chain explains a wait of ns: a hop only if the thread that waited for it was away
 * for half of that at least. A child that read its file and then worked for a second is not waited for as a disk is.
 */
static __always_inline __u32 chain_length(const struct vigie_thread *b, __u64 ns)
{
	__u64 from;
	__u32 i;

#pragma unroll
	for (i = 1; i < VIGIE_HOPS; i++) {
		from = b->hops_gone_ns[i] > b->gone_ns ? b->hops_gone_ns[i] : b->gone_ns;
		if (i >= b->hops_n || 2 * (b->hops_back_ns[i] - from) < ns)
			break;
	}
	return i;
}

/* Of one hop it is what wakes has and no chain. */
static __always_inline void chain_add(struct vigie_thread *b, __u64 ns)
{
	__u32 n = chain_length(b, ns), i;
	bool same = b->chain_key.n == n;

	if (n < 2)
		return;
#pragma unroll
	for (i = 0; i < VIGIE_HOPS; i++)
		if (i < n && !hop_same(&b->chain_key.hops[i], &b->hops[i]))
			same = false;
	if (!same) {
		chain_flush(b);
		b->chain_key = (struct vigie_chain_key){ .tid = b->tid, .n = n };
#pragma unroll
		for (i = 0; i < VIGIE_HOPS; i++)
			if (i < n)
				b->chain_key.hops[i] = b->hops[i];
	}
	b->chain.wait_ns += ns;
	b->chain.count++;
}

static __always_inline void wakes_add(struct vigie_thread *b, __u64 ns)
{
	bool task = b->waker_kind == VIGIE_WAKER_TASK;
	__u32 waker = task ? b->waker_tid : 0;

	if (b->wake_key.kind != b->waker_kind || b->wake_key.waker_tid != waker ||
	    b->wake_key.wait_reason != b->wait_reason || !b->wake.count) {
		wake_flush(b);
		b->wake_key = (struct vigie_wake_key){ .tid = b->tid,
						       .waker_tid = waker,
						       .kind = b->waker_kind,
						       .wait_reason = b->wait_reason };
		b->wake = (struct vigie_wake){ .waker_tgid = task ? b->waker_tgid : 0 };
		if (task)
			__builtin_memcpy(b->wake.comm, b->waker_comm, sizeof(b->wake.comm));
	}
	b->wake.wait_ns += ns;
	b->wake.count++;
	if (task)
		b->owed_ns += ns;
	if (task && b->hops_n > 1)
		chain_add(b, ns);
	b->waker_kind = VIGIE_WAKER_UNKNOWN;
}

/* The thread has ended, or the session. */
static __always_inline void wakes_flush(struct vigie_thread *b)
{
	wake_flush(b);
	chain_flush(b);
}

#endif
