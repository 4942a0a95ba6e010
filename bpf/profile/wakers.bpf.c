// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * wakers.bpf.c - owns knowing what a CPU is in: a timer, a device's interrupt, a soft interrupt.
 *
 * Not the preemption count: x86 keeps it where only some kernels let a program look, and it does
 * not tell a timer from a disk. Every wake of a session's thread is asked; attached only then.
 */
#include "runq.bpf.h"

static __always_inline struct vigie_runq_cpu *here(void)
{
	return runq_of(bpf_get_smp_processor_id());
}

SEC("tp_btf/hrtimer_expire_entry")
int on_session_timer(__u64 *ctx)
{
	here()->timer = 1;
	return 0;
}

SEC("tp_btf/hrtimer_expire_exit")
int on_session_timer_end(__u64 *ctx)
{
	here()->timer = 0;
	return 0;
}

SEC("tp_btf/irq_handler_entry")
int on_session_interrupt(__u64 *ctx)
{
	here()->interrupt = 1;
	return 0;
}

SEC("tp_btf/irq_handler_exit")
int on_session_interrupt_end(__u64 *ctx)
{
	here()->interrupt = 0;
	return 0;
}

SEC("tp_btf/softirq_entry")
int on_session_softirq(__u64 *ctx)
{
	here()->softirq = 1 + ctx[0];
	return 0;
}

SEC("tp_btf/softirq_exit")
int on_session_softirq_end(__u64 *ctx)
{
	here()->softirq = 0;
	return 0;
}
