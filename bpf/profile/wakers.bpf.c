// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * wakers.bpf.c - owns who wakes: what a CPU is in (a timer, a device's interrupt, a soft interrupt),
 * and the stacks of threads that wake.
 *
 * Not the preemption count: x86 keeps it where only some kernels let a program look, and it does
 * not tell a timer from a disk. Every wake of a session's thread is asked; attached only then.
 */
#include "stacks.bpf.h"
#include "wakers.bpf.h"

static __always_inline struct vigie_runq_cpu *wakers_here(void)
{
	return runq_of(bpf_get_smp_processor_id());
}

SEC("tp_btf/hrtimer_expire_entry")
int on_session_timer(__u64 *ctx)
{
	wakers_here()->timer = 1;
	return 0;
}

SEC("tp_btf/hrtimer_expire_exit")
int on_session_timer_end(__u64 *ctx)
{
	wakers_here()->timer = 0;
	return 0;
}

SEC("tp_btf/irq_handler_entry")
int on_session_interrupt(__u64 *ctx)
{
	wakers_here()->interrupt = 1;
	return 0;
}

SEC("tp_btf/irq_handler_exit")
int on_session_interrupt_end(__u64 *ctx)
{
	wakers_here()->interrupt = 0;
	return 0;
}

SEC("tp_btf/softirq_entry")
int on_session_softirq(__u64 *ctx)
{
	wakers_here()->softirq = 1 + ctx[0];
	return 0;
}

SEC("tp_btf/softirq_exit")
int on_session_softirq_end(__u64 *ctx)
{
	wakers_here()->softirq = 0;
	return 0;
}

/* The program's own frame and its caller's: the same in every stack of a tracepoint. */
enum { TRACING_FRAMES = 2 };

static __always_inline void waker_fill(struct vigie_stack *s, void *ctx,
				       const struct vigie_thread *woken, __u64 weight)
{
	s->weight = weight;
	s->woken_tid = woken->tid;
	s->wait_reason = woken->wait_reason;
	stack_kernel(s, ctx, TRACING_FRAMES);
}

/* Its own code is not looked at: the kernel's says what it was asked for. */
static __always_inline void foreign_stack(void *ctx, const struct vigie_thread *b, __u64 weight)
{
	struct vigie_stack *s = stack_reserve(compat_current(), VIGIE_STACK_WAKER, 0);

	if (!s)
		return;
	s->flags = VIGIE_STACK_KERNEL;
	waker_fill(s, ctx, b, weight);
	stack_submit(s);
}

static __always_inline void own_stack(void *ctx, const struct vigie_thread *b, __u64 weight)
{
	struct task_struct *waker = compat_current();
	struct vigie_stack *s = stack_reserve(waker, VIGIE_STACK_WAKER, cfg_stack_bytes);

	if (!s)
		return;
	waker_fill(s, ctx, b, weight);
	stack_user(s, waker, user_registers(waker));
	stack_submit(s);
}

/*
 * One for so much blocked time: a long wait has its own, of many short ones it falls on whichever
 * crosses the mark. How long this one was is known exactly once it is booked; by the clock of our
 * run queue, which may be a tick old but costs nothing, it may be a little less.
 */
static __always_inline void waker_stack(void *ctx, struct vigie_thread *b)
{
	struct vigie_runq_cpu *q = runq_of(bpf_get_smp_processor_id());
	__s64 away, owed;
	__u64 now;

	if (b->waker_kind != VIGIE_WAKER_TASK || !b->unwoken)
		return;
	b->unwoken = 0;
	away = away_until(b, clock_here());
	owed = b->owed_ns + away;
	if (owed < (__s64)cfg_waker_owed_ns)
		return;
	now = bpf_ktime_get_ns();
	if (now - q->waker_ns < cfg_waker_gap_ns)
		return;
	b->owed_ns = -away; /* it will be booked */
	q->waker_ns = now;
	if (is_target(bpf_get_current_pid_tgid() >> 32))
		own_stack(ctx, b, owed);
	else
		foreign_stack(ctx, b, owed);
}

/* On its way to sleep, and no wake can keep it: 6.12 leaves some on the queue all the same. */
static __always_inline bool has_left_queue(struct task_struct *task)
{
	__u64 on_rq = 0; /* read by size, as on_cpu is */

	bpf_core_read(&on_rq, bpf_core_field_size(task->on_rq), &task->on_rq);
	if (!on_rq)
		return true;
	return bpf_core_field_exists(task->se.sched_delayed) &&
	       BPF_CORE_READ(task, se.sched_delayed);
}

SEC("tp_btf/sched_waking")
int on_session_waking(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct vigie_thread *b;

	if (!begin_ns)
		return 0;
	b = thread_times_of(task, task->tgid);
	if (!b)
		return 0;
	if (!b->departed_ns) {
		if (has_left_queue(task))
			waker_note_early(b);
		return 0;
	}
	waker_note(b);
	waker_stack(ctx, b);
	return 0;
}
