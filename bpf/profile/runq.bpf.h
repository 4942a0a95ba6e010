/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * runq.bpf.h - who ran on a CPU while threads of the target waited for it.
 *
 * A CPU keeps n, how many wait, and the sum of the times since when: at a switch at t they have
 * waited n * t - sum together since the last one, and that is due to prev. No history, no loop.
 * Both are one word, so that a thread is added with one atomic: what wakes, switches and
 * migrates away is serialised by that run queue's lock, but what migrates in is not.
 */
#ifndef VIGIE_RUNQ_BPF_H
#define VIGIE_RUNQ_BPF_H

#include "session.bpf.h"

enum { RUNQ_SHIFT = 52 }; /* 4095 threads; 60 s of 4095 threads are 2^48 ns */

extern struct vigie_runq_cpu runq_cpus[VIGIE_MAX_CPUS];

struct culprits_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VIGIE_CULPRITS_MAX);
	__type(key, __u32);
	__type(value, struct vigie_culprit);
};
extern struct culprits_map culprits SEC(".maps");

static const struct vigie_culprit no_culprit;

static __always_inline struct vigie_runq_cpu *runq_of(__u32 cpu)
{
	return &runq_cpus[cpu & (VIGIE_MAX_CPUS - 1)];
}

/* Inside an interrupt no thread is switched: an interrupt whose end was not seen ends here. */
static __always_inline void runq_calm(struct vigie_runq_cpu *q)
{
	q->timer = q->interrupt = q->softirq = 0;
}

/* The record of the thread that runs on this CPU, without a search. NULL: was not seen to come. */
static __always_inline struct vigie_thread *times_running(struct vigie_runq_cpu *q,
							  struct task_struct *task)
{
	__u32 slot = q->slot;

	return q->task == (__u64)task ? bpf_map_lookup_elem(&threads, &slot) : NULL;
}

static __always_inline struct vigie_culprit *culprit_of(__u32 tgid)
{
	struct vigie_culprit *c = bpf_map_lookup_elem(&culprits, &tgid);

	if (c)
		return c;
	bpf_map_update_elem(&culprits, &tgid, &no_culprit, BPF_NOEXIST);
	return bpf_map_lookup_elem(&culprits, &tgid);
}

/* False: there was no room. */
static __always_inline bool runq_charge(__u32 tgid, struct task_struct *task, __s64 ns)
{
	struct vigie_culprit *c;

	if (ns <= 0) /* clocks of two CPUs may differ by a little */
		return true;
	c = culprit_of(tgid);
	if (!c) {
		lost(VIGIE_SESSION_LOST_CULPRITS, ns);
		return false;
	}
	if (task && !c->comm[0]) {
		c->kthread = !!(task->flags & PF_KTHREAD);
		if (tgid)
			c->cgroup_id = compat_cgroup_id(task);
		bpf_probe_read_kernel(c->comm, sizeof(c->comm), task->group_leader->comm);
		c->comm[VIGIE_COMM_LEN - 1] = '\0';
	}
	__sync_fetch_and_add(&c->wait_ns, ns);
	return true;
}

static __always_inline void runq_enter(struct vigie_thread *b, __u32 cpu, __u64 now)
{
	if (b->flags & VIGIE_THREAD_QUEUED)
		return;
	b->flags |= VIGIE_THREAD_QUEUED;
	b->queued_ns = now;
	__sync_fetch_and_add(&runq_of(cpu)->waiting, (1ULL << RUNQ_SHIFT) + now);
}

/*
 * At a switch: everybody who waits here has waited since the last one because of prev. Of a target's
 * thread that is added up in its record, left, once its process has its place: no search, no atomic.
 */
static __always_inline void runq_settle(struct vigie_runq_cpu *q, struct task_struct *prev,
					struct vigie_thread *left, __u64 now)
{
	__u64 waiting = *(volatile __u64 *)&q->waiting;
	__u64 n = waiting >> RUNQ_SHIFT, sum = waiting & ((1ULL << RUNQ_SHIFT) - 1);

	/* Two CPUs' clocks may differ by a little: a sum never goes back. */
	if (n && n * now > sum) {
		if (left && left->flags & VIGIE_THREAD_BLAMED)
			left->culprits_ns += n * now - sum;
		else if (runq_charge(prev->tgid, prev, n * now - sum) && left)
			left->flags |= VIGIE_THREAD_BLAMED;
		__sync_fetch_and_add(&q->waiting, n * now - sum);
	}
	if (now > q->last_ns)
		q->last_ns = now;
}

/* After runq_settle(): the thread's part of the sum is the last switch's time. */
static __always_inline void runq_leave(struct vigie_runq_cpu *q, struct vigie_thread *b)
{
	if (!(b->flags & VIGIE_THREAD_QUEUED))
		return;
	b->flags &= ~VIGIE_THREAD_QUEUED;
	__sync_fetch_and_add(&q->waiting, -((1ULL << RUNQ_SHIFT) + q->last_ns));
}

static __always_inline void runq_move(struct vigie_thread *b, __u32 from, __u32 to, __u64 now)
{
	struct vigie_runq_cpu *q = runq_of(from);
	__u64 since = b->queued_ns > q->last_ns ? b->queued_ns : q->last_ns;

	if (!(b->flags & VIGIE_THREAD_QUEUED) || from == to)
		return;
	runq_charge(q->tgid, NULL, now - since);
	__sync_fetch_and_add(&q->waiting, -((1ULL << RUNQ_SHIFT) + since));
	b->queued_ns = now;
	__sync_fetch_and_add(&runq_of(to)->waiting, (1ULL << RUNQ_SHIFT) + now);
}

#endif
