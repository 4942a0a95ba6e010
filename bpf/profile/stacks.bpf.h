/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * stacks.bpf.h - how a stack is taken, of the thread that runs here or of one that does not: registers,
 * kernel frames, and the bytes of the user stack as they are.
 */
#ifndef VIGIE_STACKS_BPF_H
#define VIGIE_STACKS_BPF_H

#include "session.bpf.h"

/* Bytes of a stack: a record has room for so many, and no more. Known to the verifier. */
extern const volatile __u32 cfg_stack_bytes;
/* What the kernel saves of the FPU below the end of a signal's stack: one of these; 0: no more. */
extern const volatile __u32 cfg_xstate_bytes[VIGIE_XSTATE_SIZES];

struct stacks_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20); /* set by user space */
};
extern struct stacks_map stacks SEC(".maps");

#define PAGE 4096
#define RED_ZONE 128

static __always_inline void head_fill(struct vigie_stack *head, struct task_struct *task,
				      __u32 kind)
{
	head->kind = kind;
	head->flags = 0;
	head->tid = BPF_CORE_READ(task, pid);
	head->tgid = BPF_CORE_READ(task, tgid);
	head->wait_reason = 0;
	head->woken_tid = head->alt_bytes = head->main_at = head->zero = 0;
	head->user_begin = head->main_begin = 0;
	head->exec_id = BPF_CORE_READ(task, self_exec_id);
	head->start_ns = BPF_CORE_READ(task, start_boottime);
	head->time_ns = bpf_ktime_get_ns();
	head->weight = 1;
	head->user_bytes = 0;
	head->kernel_frames = 0;
}

/* A thread that executes another program takes its leader's number and start: its times go on. */
static __always_inline void head_of(struct vigie_stack *head, const struct vigie_thread *b)
{
	head->tid = b->tid;
	head->start_ns = b->start_ns;
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

/* Of whom the bytes are; constants, so that a program has one of the helpers only. */
enum whose { OF_CURRENT, OF_SLEEPER /* faults pages in: sleepable programs, 5.18 and later */ };

static __always_inline long user_read(struct task_struct *task, enum whose whose, void *dst,
				      __u32 size, __u64 from)
{
	return whose == OF_SLEEPER ? bpf_copy_from_user_task(dst, size, (void *)from, task, 0)
				   : bpf_probe_read_user(dst, size, (void *)from);
}

/*
 * Where the bytes of a stack begin. Who is about to return has taken its caller's registers back, but
 * by its unwind information they still lie where they were: below the stack pointer now, in the ABI's
 * red zone. It may be no part of a small stack that ends here.
 */
static __always_inline __u64 red_zone(struct task_struct *task, enum whose whose, __u64 sp)
{
	__u64 begin = sp - RED_ZONE;
	__u8 byte;

	if ((begin ^ sp) / PAGE && user_read(task, whose, &byte, sizeof(byte), begin))
		return sp;
	return begin;
}

/*
 * All of it, or page by page as much as there is: what lies above the stack is not readable. That
 * the next page fits is checked with constants: the verifier need not follow a sum.
 */
static __always_inline __u32 user_copy(struct task_struct *task, enum whose whose, __u8 *dst,
				       __u32 size, __u64 from)
{
	const __u32 most = whose == OF_SLEEPER ? VIGIE_SLEEPER_BYTES : VIGIE_STACK_BYTES;
	__u32 at = -from & (PAGE - 1);

	if (!user_read(task, whose, dst, size, from))
		return size;
	if (at > size || (at && user_read(task, whose, dst, at, from)))
		return 0;
#pragma unroll
	for (__u32 i = 0; i < VIGIE_STACK_BYTES / PAGE - 1; i++) {
		if (i >= most / PAGE - 1 || (i + 2) * PAGE > size ||
		    user_read(task, whose, dst + at, PAGE, from + at))
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

/*
 * User space reads the ring ten times a second; woken for each stack, it kept a CPU busy with
 * waking up. It is woken for a program that is new to it, whose files may be removed, and for a
 * ring that fills.
 */
static __always_inline void stack_submit(struct vigie_stack *s)
{
	__u32 tgid = s->tgid, *known = bpf_map_lookup_elem(&targets, &tgid);
	bool soon = (known && *known != s->exec_id + 1) ||
		    bpf_ringbuf_query(&stacks, BPF_RB_AVAIL_DATA) >
			    bpf_ringbuf_query(&stacks, BPF_RB_RING_SIZE) / 4;

	bpf_ringbuf_submit(s, soon ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

/* struct rt_sigframe of x86-64, part of the ABI: its size, and where it has the stack pointer. */
enum { SIGFRAME = 440, SIGFRAME_SP = 168, SIGFRAME_FPSTATE = 232 };

/*
 * The frame of the signal that was the first on this stack, and the stack pointer of what it interrupted.
 * Where it is follows from the size of what is saved above it; that it is one, from its pointer to that.
 * 0: none.
 */
static __always_inline __u64 signal_frame(struct task_struct *task, enum whose whose, __u64 top,
					  __u64 *ret_sp)
{
#pragma unroll
	for (int i = 0; i < VIGIE_XSTATE_SIZES; i++) {
		__u64 saved = (top - cfg_xstate_bytes[i]) & ~63ULL, found = 0;
		__u64 frame = ((saved - SIGFRAME) & ~15ULL) - 8;

		if (cfg_xstate_bytes[i] &&
		    !user_read(task, whose, &found, sizeof(found), frame + SIGFRAME_FPSTATE) &&
		    found == saved &&
		    !user_read(task, whose, ret_sp, sizeof(*ret_sp), frame + SIGFRAME_SP))
			return frame;
	}
	return 0;
}

/*
 * On an alternate signal stack: half of the room is for it, half for the one below. Of the first no
 * more than to the end of the frame: what is saved above it, 11 KiB with AMX, leads nowhere.
 */
static __always_inline bool both_stacks(struct vigie_stack *s, struct task_struct *task,
					enum whose whose, __u8 *dst, __u32 room)
{
	__u64 begin = BPF_CORE_READ(task, sas_ss_sp), size = BPF_CORE_READ(task, sas_ss_size);
	__u64 frame, used, sp = 0;
	__u32 half = room / 2;

	if (s->registers[7] - begin >= size)
		return false;
	frame = signal_frame(task, whose, begin + size, &sp);
	used = frame + SIGFRAME - s->user_begin;
	if (!frame || used > half || user_read(task, whose, dst, used, s->user_begin))
		return false;
	s->alt_bytes = used;
	s->main_at = half;
	s->main_begin = red_zone(task, whose, sp);
	s->user_bytes = half + user_copy(task, whose, dst + half, half, s->main_begin);
	return true;
}

/*
 * The bytes of the stack in the record: room for so many, known to the verifier. A sleeper is in the
 * midst of a system call, not about to return: nothing of it is in the red zone.
 */
static __always_inline void stack_bytes(struct vigie_stack *s, struct task_struct *task,
					enum whose whose, __u8 *dst, __u32 room)
{
	__u64 sp = s->registers[7];

	s->user_begin = whose == OF_SLEEPER ? sp : red_zone(task, whose, sp);
	if (!both_stacks(s, task, whose, dst, room))
		s->user_bytes = user_copy(task, whose, dst, room, s->user_begin);
}

static __always_inline void stack_user(struct vigie_stack *s, struct task_struct *task,
				       const struct pt_regs *regs)
{
	registers_fill(s, regs);
	stack_bytes(s, task, OF_CURRENT, (__u8 *)(s + 1), cfg_stack_bytes);
}

static __always_inline void stack_kernel(struct vigie_stack *s, void *ctx, __u32 skip)
{
	long n = bpf_get_stack(ctx, s->kernel, sizeof(s->kernel), skip);

	s->kernel_frames = n > 0 ? n / sizeof(__u64) : 0;
}

#endif
