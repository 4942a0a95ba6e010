// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * stacks.bpf.c - owns the taking of stacks: registers, kernel frames, and the bytes of the user
 * stack as they are. Nothing is unwound here: Debian's code keeps no frame pointers, and a
 * profiler that follows them is wrong there.
 */
#include "why.bpf.h"
#include "runq.bpf.h"

/* Bytes of a stack: a record has room for so many, and no more. Known to the verifier. */
const volatile __u32 cfg_stack_bytes = VIGIE_STACK_DEFAULT;
const volatile __u32 cfg_sleeper_bytes = VIGIE_SLEEPER_DEFAULT;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20); /* set by user space */
} stacks SEC(".maps");

/* Too big for the stack; one reader at a time. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vigie_stack_asleep);
} sleeper SEC(".maps");

#define PAGE 4096

/*
 * Where struct pt_regs of x86-64 has cs: part of the ABI towards user space. Not by its name: newer
 * kernels declare two bytes of it, and a context is read in words.
 */
enum { PT_REGS_CS = 136 };

static __always_inline void head_fill(struct vigie_stack *head, struct task_struct *task,
				      __u32 kind)
{
	head->kind = kind;
	head->flags = 0;
	head->tid = BPF_CORE_READ(task, pid);
	head->tgid = BPF_CORE_READ(task, tgid);
	head->why = 0;
	head->exec_id = BPF_CORE_READ(task, self_exec_id);
	head->start_ns = BPF_CORE_READ(task, start_boottime);
	head->time_ns = bpf_ktime_get_ns();
	head->weight = 1;
	head->user_bytes = 0;
	head->kernel_frames = 0;
}

/* In the order of DWARF's register numbers for x86-64. */
static __always_inline void registers_fill(struct vigie_stack *head, const struct pt_regs *from)
{
	struct pt_regs regs = {};
	__u64 *r = head->registers;

	bpf_probe_read_kernel(&regs, sizeof(regs), from);
	r[0] = regs.ax;
	r[1] = regs.dx;
	r[2] = regs.cx;
	r[3] = regs.bx;
	r[4] = regs.si;
	r[5] = regs.di;
	r[6] = regs.bp;
	r[7] = regs.sp;
	r[8] = regs.r8;
	r[9] = regs.r9;
	r[10] = regs.r10;
	r[11] = regs.r11;
	r[12] = regs.r12;
	r[13] = regs.r13;
	r[14] = regs.r14;
	r[15] = regs.r15;
	r[16] = regs.ip;
}

/*
 * All of it, or page by page as much as there is: what lies above the stack is not readable. That
 * the next page fits is told by constants: the verifier need not follow a sum.
 */
static __always_inline __u32 user_copy(__u8 *dst, __u64 sp)
{
	__u32 size = cfg_stack_bytes, at = -sp & (PAGE - 1);

	if (!bpf_probe_read_user(dst, size, (void *)sp))
		return size;
	if (at > size || (at && bpf_probe_read_user(dst, at, (void *)sp)))
		return 0;
#pragma unroll
	for (__u32 i = 0; i < VIGIE_STACK_BYTES / PAGE - 1; i++) {
		if ((i + 2) * PAGE > size || bpf_probe_read_user(dst + at, PAGE, (void *)(sp + at)))
			break;
		at += PAGE;
	}
	return at;
}

static __always_inline void take(void *ctx, struct task_struct *task, __u32 kind, __u64 weight,
				 const struct pt_regs *regs, bool kernel)
{
	struct vigie_stack *s = bpf_ringbuf_reserve(&stacks, sizeof(*s) + cfg_stack_bytes, 0);
	long n = 0;

	if (!s) {
		lost(VIGIE_SESSION_LOST_RING, 1);
		return;
	}
	head_fill(s, task, kind);
	s->weight = weight;
	registers_fill(s, regs);
	if (kernel)
		n = bpf_get_stack(ctx, s->kernel, sizeof(s->kernel), 0);
	s->kernel_frames = n > 0 ? n / sizeof(__u64) : 0;
	s->user_bytes = user_copy((__u8 *)(s + 1), s->registers[7]);
	bpf_ringbuf_submit(s, 0);
}

SEC("perf_event")
int on_session_clock(struct bpf_perf_event_data *ctx)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct task_struct *task;
	struct vigie_thread *b;
	__u64 cs;

	if (!begin_ns || !tgid || !is_target(tgid))
		return 0;
	task = compat_current();
	b = books_find(task);
	if (b)
		b->samples++;
	cs = *(volatile __u64 *)((char *)ctx + PT_REGS_CS);
	take(ctx, task, VIGIE_STACK_ON_CPU, 1, user_registers(task), !(cs & 3));
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
	__u64 now, weight;

	if (!begin_ns || !is_target(tgid))
		return 0;
	task = compat_current();
	b = books_find(task);
	if (!b)
		return 0;
	weight = ++b->faults_unsampled;
	q = runq_of(bpf_get_smp_processor_id());
	now = bpf_ktime_get_ns();
	if (now - q->fault_ns < cfg_fault_gap_ns)
		return 0;
	q->fault_ns = now;
	b->faults_unsampled = 0;
	take(ctx, task, VIGIE_STACK_FAULT, weight, (void *)ctx[1], false);
	return 0;
}

/* Page by page too: each copy may fault pages in, and may fail. */
static __always_inline __u32 sleeper_copy(__u8 *dst, struct task_struct *task, __u64 sp)
{
	__u32 size = cfg_sleeper_bytes, at = -sp & (PAGE - 1);

	if (!bpf_copy_from_user_task(dst, size, (void *)sp, task, 0))
		return size;
	if (at > size || (at && bpf_copy_from_user_task(dst, at, (void *)sp, task, 0)))
		return 0;
#pragma unroll
	for (__u32 i = 0; i < VIGIE_SLEEPER_BYTES / PAGE - 1; i++) {
		if ((i + 2) * PAGE > size ||
		    bpf_copy_from_user_task(dst + at, PAGE, (void *)(sp + at), task, 0))
			break;
		at += PAGE;
	}
	return at;
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

	if (!task || !is_target(task->tgid) || task->exit_state || is_on_cpu(task))
		return 0;
	b = books_find(task);
	s = bpf_map_lookup_elem(&sleeper, &zero);
	if (!b || !s || b->why >= VIGIE_WAITS || !b->departed_ns)
		return 0;
	switches = task->nvcsw + task->nivcsw;
	head_fill(&s->head, task, VIGIE_STACK_ASLEEP);
	s->head.why = b->why;
	if (switches == b->asleep_switches) {
		s->head.flags = VIGIE_STACK_SAME;
		bpf_seq_write(seq, &s->head, sizeof(s->head));
		return 0;
	}
	registers_fill(&s->head, user_registers(task));
	n = bpf_get_task_stack(task, s->head.kernel, sizeof(s->head.kernel), 0);
	s->head.kernel_frames = n > 0 ? n / sizeof(__u64) : 0;
	s->head.user_bytes = sleeper_copy(s->user, task, s->head.registers[7]);
	/* It ran meanwhile: registers and bytes are of two moments. */
	if (task->nvcsw + task->nivcsw != switches || is_on_cpu(task))
		return 0;
	/* One record, whole: a reader counts on cfg_sleeper_bytes following. */
	if (!bpf_seq_write(seq, s, sizeof(s->head) + cfg_sleeper_bytes))
		b->asleep_switches = switches;
	return 0;
}
