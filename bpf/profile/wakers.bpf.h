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

/* PURE: what a CPU is in as it wakes somebody; the innermost counts. */
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
 * along a chain, as each had come back before it woke the next. Its books stand still: it runs here.
 */
static __always_inline void chain_note(struct vigie_thread *b, __u32 tgid)
{
	struct vigie_thread *w = books_of(compat_current(), tgid);
	__u64 back;
	__u32 i;

	if (!w || w == b || !w->hops_n)
		return;
	back = w->back_ns;
#pragma unroll
	for (i = 1; i < VIGIE_HOPS; i++) {
		if (i > w->hops_n || back <= b->departed_ns)
			return;
		b->hops[i] = w->hops[i - 1];
		b->hops_back_ns[i] = back;
		b->hops_n = i + 1;
		back = w->hops_back_ns[i];
	}
}

static __always_inline void waker_note(struct vigie_thread *b)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 kind = waker_of(runq_of(bpf_get_smp_processor_id()));

	b->wakes++;
	b->waker_kind = kind;
	b->waker_tid = kind == VIGIE_WAKER_TASK ? (__u32)id : 0;
	b->waker_tgid = kind == VIGIE_WAKER_TASK ? id >> 32 : 0;
	if (kind == VIGIE_WAKER_TASK)
		bpf_get_current_comm(b->waker_comm, sizeof(b->waker_comm));
	else
		b->waker_comm[0] = '\0';
	b->hops_n = 1;
	b->hops[0] = (struct vigie_hop){ .tid = b->waker_tid, .kind = kind, .why = b->why };
	if (kind == VIGIE_WAKER_TASK)
		chain_note(b, id >> 32);
}

/* Of one hop it is what wakes has and no chain. */
static __always_inline void chain_add(__u32 tid, const struct vigie_thread *b, __u64 ns)
{
	struct vigie_chain_key key = { .tid = tid, .n = b->hops_n };
	static const struct vigie_chain fresh;
	struct vigie_chain *c;
	__u32 i;

#pragma unroll
	for (i = 0; i < VIGIE_HOPS; i++)
		if (i < b->hops_n)
			key.hops[i] = b->hops[i];
	c = bpf_map_lookup_elem(&chains, &key);
	if (!c) {
		bpf_map_update_elem(&chains, &key, &fresh, BPF_NOEXIST);
		c = bpf_map_lookup_elem(&chains, &key);
	}
	if (c) { /* its own thread's only: no atomics */
		c->wait_ns += ns;
		c->count++;
	} else {
		lost(VIGIE_SESSION_LOST_CHAINS, ns);
	}
}

static __always_inline void wakes_add(__u32 tid, struct vigie_thread *b, __u64 ns)
{
	struct vigie_wake_key key = {
		.tid = tid, .waker_tid = b->waker_tid, .kind = b->waker_kind, .why = b->why
	};
	struct vigie_wake *w = bpf_map_lookup_elem(&wakes, &key), fresh = {};

	if (!w) {
		fresh.waker_tgid = b->waker_tgid;
		__builtin_memcpy(fresh.comm, b->waker_comm, sizeof(fresh.comm));
		bpf_map_update_elem(&wakes, &key, &fresh, BPF_NOEXIST);
		w = bpf_map_lookup_elem(&wakes, &key);
	}
	if (w) { /* its own thread's only: no atomics */
		w->wait_ns += ns;
		w->count++;
	} else {
		lost(VIGIE_SESSION_LOST_WAKES, ns);
	}
	if (b->hops_n > 1 && b->waker_kind == VIGIE_WAKER_TASK)
		chain_add(tid, b, ns);
	b->waker_kind = VIGIE_WAKER_UNKNOWN;
	b->waker_tid = b->waker_tgid = 0;
	b->waker_comm[0] = '\0';
}

#endif
