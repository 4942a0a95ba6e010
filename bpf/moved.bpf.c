// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * moved.bpf.c - owns the two probes for sleepers that are moved: see moved.bpf.h.
 *
 * Moves are rare, wakeups are not: while no marked task sleeps a wakeup costs one load, and the kernel's way
 * into the program. Both run with the task's run queue locked. While they are off the iterator keeps the marks:
 * moved_look().
 */
#include "state.bpf.h"
#include "moved.bpf.h"

__u64 moved_asleep = 0;

SEC("?tp_btf/sched_migrate_task")
int on_migrate(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct task_state *st;

	if (!moved_delayed(task) || shed & VIGIE_SHED_MOVED)
		return 0;
	st = state_lookup(task);
	if (st && !st->moved)
		moved_mark(st, task);
	return 0;
}

static __noinline int moved_woken(struct task_struct *task)
{
	struct task_state *st = state_lookup(task);
	struct vigie_cpu *cpu = this_cpu();
	__u64 now, ns;

	if (!st || !st->moved)
		return 0;
	now = compat_rq_clock(task);
	ns = moved_false_ns(task, st->moved_delay, now);
	st->woken_ns = now;
	moved_unmark(st, ns);
	if (cpu)
		cpu->corrected_ns += ns;
	return 0;
}

SEC("?tp_btf/sched_wakeup")
int on_wakeup(__u64 *ctx)
{
	return moved_asleep ? moved_woken((void *)ctx[0]) : 0;
}
