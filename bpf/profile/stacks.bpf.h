/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * stacks.bpf.h - how a stack of the thread that runs here is taken: registers, kernel frames, and the
 * bytes of the user stack as they are.
 */
#ifndef VIGIE_STACKS_BPF_H
#define VIGIE_STACKS_BPF_H

#include "session.bpf.h"

/* Bytes of a stack: a record has room for so many, and no more. Known to the verifier. */
extern const volatile __u32 cfg_stack_bytes;

struct stacks_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20); /* set by user space */
};
extern struct stacks_map stacks SEC(".maps");

#define PAGE 4096

static __always_inline void head_fill(struct vigie_stack *head, struct task_struct *task,
				      __u32 kind)
{
	head->kind = kind;
	head->flags = 0;
	head->tid = BPF_CORE_READ(task, pid);
	head->tgid = BPF_CORE_READ(task, tgid);
	head->why = 0;
	head->woken_tid = head->zero = 0;
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

/*
 * A record with room for so many bytes of the user stack, known to the verifier: cfg_stack_bytes,
 * or 0. NULL: there is no room, and that is counted.
 */
static __always_inline struct vigie_stack *stack_reserve(struct task_struct *task, __u32 kind,
							 __u32 bytes)
{
	struct vigie_stack *s = bpf_ringbuf_reserve(&stacks, sizeof(*s) + bytes, 0);

	if (s)
		head_fill(s, task, kind);
	else
		lost(VIGIE_SESSION_LOST_RING, 1);
	return s;
}

static __always_inline void stack_user(struct vigie_stack *s, const struct pt_regs *regs)
{
	registers_fill(s, regs);
	s->user_bytes = user_copy((__u8 *)(s + 1), s->registers[7]);
}

static __always_inline void stack_kernel(struct vigie_stack *s, void *ctx, __u32 skip)
{
	long n = bpf_get_stack(ctx, s->kernel, sizeof(s->kernel), skip);

	s->kernel_frames = n > 0 ? n / sizeof(__u64) : 0;
}

#endif
