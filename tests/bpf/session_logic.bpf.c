// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * session_logic.bpf.c - wrappers that let user space call the logic of a session's times.
 *
 * Owns: one SEC("?syscall") program for each function under test. The programs of thread_times.bpf.c come
 * along: one of them is attached, and sees real switches.
 */
#include "thread_times.bpf.c"
#include "stacks.bpf.h"
#include "session_logic.h"

SEC("?syscall")
int session_waker(struct session_waker *ctx)
{
	struct vigie_runq_cpu q = { .timer = ctx->timer,
				    .interrupt = ctx->interrupt,
				    .softirq = ctx->softirq };

	if (ctx->calm)
		runq_calm(&q);
	ctx->kind = waker_of(&q);
	return 0;
}

SEC("?syscall")
int session_absence(struct session_absence *ctx)
{
	struct vigie_runq_cpu *q = runq_of(bpf_get_smp_processor_id());
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 zero = 0;
	struct vigie_thread *b = bpf_map_lookup_elem(&threads, &zero);

	if (!b)
		return 1;
	b->tid = ctx->tid;
	b->waker_kind = VIGIE_WAKER_UNKNOWN;
	b->early = b->wakes = b->hops_n = b->away_ns = 0;
	if (ctx->early) {
		q->timer = ctx->timer;
		q->interrupt = ctx->interrupt;
		q->softirq = ctx->softirq;
		waker_note_early(b);
		runq_calm(q);
	}
	times_leave(task, b, ctx->state, 1);
	ctx->wait_reason = b->wait_reason;
	absence_book(b, ctx->away_ns, ctx->wait_ns);
	wakes_flush(b);
	ctx->wakes = b->wakes;
	return 0;
}

SEC("?syscall")
int session_frame(struct session_frame *ctx)
{
	__u64 sp = 0;

	ctx->frame = signal_frame(bpf_get_current_task_btf(), OF_CURRENT, ctx->top, &sp);
	ctx->sp = sp;
	return 0;
}
