// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * state.bpf.c - owns the per-task state and its birth.
 *
 * Creating state takes a microsecond or more and can fail, so it happens at fork, where that does
 * not matter, and in the first iterator pass for tasks that began before we attached. The switch
 * path only looks up. Death is in life.bpf.c.
 *
 * A fork may run unseen: this program does not run inside itself, and where tracepoints can be
 * preempted (7.x, PREEMPT_RT) two forks on one CPU may overlap. Then the iterator finds the task,
 * or the free hook does.
 */
#include "state.bpf.h"
#include "identity.bpf.h"

struct tasks_map tasks SEC(".maps");
struct tasks_hash_map tasks_hash SEC(".maps");
volatile __s64 task_room = 0;

/* A new task has no past: all of its counters begin at zero, and so does its state. */
static __always_inline void task_born(struct task_struct *task)
{
	struct task_state *st;

	if (!state_has_room()) {
		count_loss(VIGIE_LOSS_TASKS_FULL);
		return;
	}
	st = state_create(task, NULL);
	if (!st) {
		count_loss(VIGIE_LOSS_STATE_ALLOC);
		return;
	}
	if (st->counted == STATE_NOT_COUNTED) {
		st->counted = STATE_COUNTED;
		count_birth(task->pid == task->tgid);
	}
	st->generation = generation_begun();
	st->started = state_started_as(task);
	if (cfg_group_by & VIGIE_BY_EXE)
		identity_exe(task, st->exe);
}

SEC("tp_btf/task_newtask")
int on_newtask(__u64 *ctx)
{
	task_born((struct task_struct *)ctx[0]);
	return 0;
}
