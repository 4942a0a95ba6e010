/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * departure.bpf.h - the stores of one switch-out, and how they are read while they happen.
 *
 * The iterator reads a task's state while the task may leave a CPU elsewhere, and a virtual CPU
 * may be taken away between any two of these stores, for milliseconds: an absence that is in
 * off_ns already and under way still would be counted twice. So departed is DEPARTED_NOW as long
 * as the stores last, and what was read while departed stayed one other value is of one moment.
 * Owns: that order. Not here: what is stored (switch.bpf.c), what is made of it (delta.bpf.h).
 */
#ifndef VIGIE_DEPARTURE_BPF_H
#define VIGIE_DEPARTURE_BPF_H

#include "state.bpf.h"
#include "switch.bpf.h"

enum { DEPARTED_NOW = 1 }; /* ns since boot: no task left a CPU so early */

/* A test reads from here what another CPU may see. */
#ifndef DEPARTURE_STEP
#define DEPARTURE_STEP(n)
#endif

/*
 * On x86 other CPUs see stores in program order, and loads are done in it: a compiler barrier is
 * enough there. Elsewhere BPF has no barrier but an atomic exchange that returns the old value;
 * before 5.12, where the state is in a hash, not even that.
 */
static __always_inline void departed_set(struct task_state *st, __u64 value)
{
	barrier();
#ifdef __TARGET_ARCH_x86
	*(volatile __u64 *)&st->departed = value;
#else
	if (cfg_task_storage)
		__sync_lock_test_and_set(&st->departed, value);
	else
		*(volatile __u64 *)&st->departed = value;
#endif
	barrier();
}

static __always_inline __u64 departed_get(struct task_state *st)
{
	__u64 value;

	barrier();
#ifdef __TARGET_ARCH_x86
	value = *(volatile __u64 *)&st->departed;
#else
	if (cfg_task_storage)
		value = __sync_fetch_and_add(&st->departed, 0);
	else
		value = *(volatile __u64 *)&st->departed;
#endif
	barrier();
	return value;
}

struct departure {
	__u64 now, delay, run, wait; /* rq clock, totals of the task, its last wait */
	__u64 away; /* the absence before it came, to be charged to the reason of that */
	__u32 wait_reason;
	bool dead, counted; /* counted: the wait goes into its bucket */
};

static __always_inline void departure_store(struct task_state *st, const struct departure *d)
{
	departed_set(st, DEPARTED_NOW);
	DEPARTURE_STEP(0);
	st->off_ns[st->wait_reason & (STATE_OFF_SLOTS - 1)] += d->away;
	DEPARTURE_STEP(1);
	if (d->counted)
		st->wait_count[bucket_of(d->wait)]++;
	DEPARTURE_STEP(2);
	st->delay_ns = d->delay;
	DEPARTURE_STEP(3);
	st->run_ns = d->run;
	DEPARTURE_STEP(4);
	st->wait_reason = d->wait_reason;
	DEPARTURE_STEP(5);
	departed_set(st, d->dead ? 0 : d->now);
	DEPARTURE_STEP(6);
}

/*
 * The first one that is seen of a task since nobody looked, or its sleep as the iterator finds it: what
 * it did meanwhile is known to nobody, and from here on it is. Of a sleep that was under way then, part
 * was handed out as it passed: that stays, or as much of the next ones would be kept back.
 */
static __always_inline void departure_again(struct task_state *st, const struct departure *d)
{
	__u32 now = generation, i;

	/* Off again, and of a generation that has just ended. */
	barrier();
	if (shed & VIGIE_SHED_REASONS)
		return;
	departed_set(st, DEPARTED_NOW);
	for (i = 0; i < VIGIE_OFF_REASONS; i++)
		if (st->off_ns[i] < st->delivered.off_ns[i])
			st->off_ns[i] = st->delivered.off_ns[i];
	st->delay_ns = d->delay;
	st->run_ns = d->run;
	st->wait_reason = d->wait_reason;
	st->generation = now;
	departed_set(st, d->dead ? 0 : d->now);
}

#endif
