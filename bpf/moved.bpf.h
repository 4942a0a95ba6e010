/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * moved.bpf.h - sleepers that the kernel takes for waiting, and what of run_delay they slept.
 *
 * From 6.12 on a thread that blocks may stay on its run queue for a while (sched_delayed). Moved
 * to another CPU then, by the load balancer or an affinity, it is enqueued there like one that is
 * runnable: last_queued is set although it sleeps, its wakeup does not set it anew, and the rest of
 * its sleep becomes run_delay. So such a thread is marked as it moves, and as it wakes the kernel's
 * figure is corrected by what passed since. Owns: that mark and the correction, as values. Not here:
 * the probes (moved.bpf.c).
 */
#ifndef VIGIE_MOVED_BPF_H
#define VIGIE_MOVED_BPF_H

#include "compat.bpf.h"

/* How many marked tasks sleep now; each of the two objects has its own. */
extern __u64 moved_asleep;

/* kept: a task's state, or a session's thread; both have moved, moved_delay and false_ns. */
#define moved_mark(kept, task)                                      \
	do {                                                        \
		(kept)->moved_delay = (task)->sched_info.run_delay; \
		barrier();                                          \
		(kept)->moved = 1;                                  \
		__sync_fetch_and_add(&moved_asleep, 1);             \
	} while (0)

/* It sleeps no more, and that much of run_delay was sleep. */
#define moved_unmark(kept, ns)                           \
	do {                                             \
		(kept)->false_ns += (ns);                \
		barrier();                               \
		(kept)->moved = 0;                       \
		__sync_fetch_and_add(&moved_asleep, -1); \
	} while (0)

/* It blocked, and is still on its run queue. */
static __always_inline bool moved_delayed(struct task_struct *task)
{
	return bpf_core_field_exists(task->se.sched_delayed) && task->se.sched_delayed;
}

/* The sleep that run_delay has, or will have as the task arrives. now: its run queue's clock. */
static __always_inline __u64 moved_false_ns(struct task_struct *task, __u64 moved_delay, __u64 now)
{
	__u64 queued = task->sched_info.last_queued;
	__u64 ns = task->sched_info.run_delay - moved_delay;

	return queued && now > queued ? ns + now - queued : ns;
}

/*
 * Of a task that slept before we looked: last_queued is of a sleep if it is not on its run queue, or
 * there only until its dequeue. A wakeup sets last_queued first, then on_rq, then the state.
 */
static __always_inline bool moved_already(struct task_struct *task)
{
	bool asleep;

	if (!bpf_core_field_exists(task->se.sched_delayed) || !task->sched_info.last_queued)
		return false;
	barrier();
	/* Read by size: on_rq is one byte from 7.3 on. */
	asleep = !BPF_CORE_READ_BITFIELD(task, on_rq) || task->se.sched_delayed;
	barrier();
	return asleep && compat_state(task);
}

#endif
