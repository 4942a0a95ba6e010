// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * stacks.bpf.c - owns the taking of stacks: registers, kernel frames, and the bytes of the user
 * stack as they are. Nothing is unwound here: Debian's code keeps no frame pointers, and a
 * profiler that follows them is wrong there.
 */
#include "wait_reason.bpf.h"
#include "runq.bpf.h"
#include "stacks.bpf.h"

const volatile __u32 cfg_stack_bytes = VIGIE_STACK_DEFAULT;
const volatile __u32 cfg_xstate_bytes[VIGIE_XSTATE_SIZES] = {};
const volatile __u32 cfg_sleeper_bytes = VIGIE_SLEEPER_DEFAULT;

struct stacks_map stacks SEC(".maps");

/* Too big for the stack; one reader at a time. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vigie_stack_asleep);
} sleeper SEC(".maps");

/*
 * Where struct pt_regs of x86-64 has cs: part of the ABI towards user space. Not by its name: newer
 * kernels declare two bytes of it, and a context is read in words.
 */
enum { PT_REGS_CS = 136 };

SEC("perf_event")
int on_session_clock(struct bpf_perf_event_data *ctx)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct task_struct *task;
	struct vigie_thread *b;
	struct vigie_stack *s;
	__u64 cs;

	if (!begin_ns || !tgid || !is_target(tgid))
		return 0;
	task = compat_current();
	b = thread_times_find(task);
	if (b)
		b->samples++;
	cs = *(volatile __u64 *)((char *)ctx + PT_REGS_CS);
	s = stack_reserve(task, VIGIE_STACK_ON_CPU, cfg_stack_bytes);
	if (!s)
		return 0;
	if (b)
		head_of(s, b);
	if (!(cs & 3))
		stack_kernel(s, ctx, 0);
	stack_user(s, task, user_registers(task));
	stack_submit(s);
	return 0;
}

/* x86 only; counts every fault, takes the stack of one now and then. */
SEC("?tp_btf/page_fault_user")
int on_session_fault(__u64 *ctx)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct vigie_runq_cpu *q;
	struct task_struct *task;
	struct vigie_thread *b;
	struct vigie_stack *s;
	__u64 now, weight;

	if (!begin_ns || !is_target(tgid))
		return 0;
	task = compat_current();
	b = thread_times_find(task);
	if (!b)
		return 0;
	weight = ++b->faults_unsampled;
	q = runq_of(bpf_get_smp_processor_id());
	now = bpf_ktime_get_ns();
	if (now - q->fault_ns < cfg_fault_gap_ns)
		return 0;
	q->fault_ns = now;
	b->faults_unsampled = 0;
	s = stack_reserve(task, VIGIE_STACK_FAULT, cfg_stack_bytes);
	if (!s)
		return 0;
	s->weight = weight;
	head_of(s, b);
	stack_user(s, task, (void *)ctx[1]);
	stack_submit(s);
	return 0;
}

/*
 * A thread that does not run, seen by the pass over all tasks. Who has not run since its last
 * stack still sleeps there: a short record says so, and costs nothing.
 */
SEC("?iter.s/task")
int on_session_sleeper(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;
	struct vigie_stack_asleep *s;
	struct vigie_thread *b;
	__u64 switches;
	__u32 zero = 0;
	long n;

	if (!task || !is_target(task->tgid) || task->exit_state || compat_on_cpu(task))
		return 0;
	b = thread_times_find(task);
	s = bpf_map_lookup_elem(&sleeper, &zero);
	if (!b || !s || b->wait_reason >= VIGIE_WAITS || !b->departed_ns)
		return 0;
	switches = task->nvcsw + task->nivcsw;
	head_fill(&s->head, task, VIGIE_STACK_ASLEEP);
	head_of(&s->head, b);
	s->head.wait_reason = b->wait_reason;
	if (switches == b->asleep_switches) {
		s->head.flags = VIGIE_STACK_SAME;
		bpf_seq_write(seq, &s->head, sizeof(s->head));
		return 0;
	}
	registers_fill(&s->head, user_registers(task));
	n = bpf_get_task_stack(task, s->head.kernel, sizeof(s->head.kernel), 0);
	s->head.kernel_frames = n > 0 ? n / sizeof(__u64) : 0;
	/* A pass that never came back from a copy: the next leaves those bytes alone. */
	s->head.user_bytes = 0;
	if (!b->copying) {
		b->copying = 1;
		stack_bytes(&s->head, task, OF_SLEEPER, s->user, cfg_sleeper_bytes);
		b->copying = 0;
	}
	/* It ran meanwhile: registers and bytes are of two moments. */
	if (task->nvcsw + task->nivcsw != switches || compat_on_cpu(task))
		return 0;
	/* One record, whole: a reader counts on cfg_sleeper_bytes following. */
	if (!bpf_seq_write(seq, s, sizeof(s->head) + cfg_sleeper_bytes))
		b->asleep_switches = switches;
	return 0;
}
