/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* switch.bpf.h - the pure parts of the switch probe: values in, values out. */
#ifndef VIGIE_SWITCH_BPF_H
#define VIGIE_SWITCH_BPF_H

#include "compat.bpf.h"

/*
 * The first bucket whose bound (1 us * 4^i, inclusive) is not below ns. Constants and a
 * tree, not a loop: the short waits that most switches have take three compares.
 */
static __always_inline __u32 bucket_of(__u64 ns)
{
	if (ns <= 64000) {
		if (ns <= 4000)
			return ns > 1000;
		return ns > 16000 ? 3 : 2;
	}
	if (ns <= 16384000) {
		if (ns <= 1024000)
			return ns > 256000 ? 5 : 4;
		return ns > 4096000 ? 7 : 6;
	}
	if (ns <= 262144000)
		return ns > 65536000 ? 9 : 8;
	return ns > 1048576000 ? 11 : 10;
}

static __always_inline bool in_memstall(struct task_struct *task)
{
	if (!bpf_core_field_exists(task->in_memstall))
		return false;
	return BPF_CORE_READ_BITFIELD(task, in_memstall);
}

/*
 * Why a task that leaves the CPU in this state leaves it. in_memstall comes first: swap-in
 * and reclaim also wait for a disk, but memory is the cause.
 */
static __always_inline __u32 off_reason_of(__u32 state, bool preempt, bool memstall, bool iowait)
{
	if (preempt || !state)
		return VIGIE_OFF_RUNNABLE;
	if (memstall)
		return VIGIE_OFF_MEMORY;
	if (!(state & (TASK_UNINTERRUPTIBLE | TASK_RTLOCK_WAIT)) || state & TASK_NOLOAD)
		return VIGIE_OFF_SLEEP;
	return iowait ? VIGIE_OFF_DISK : VIGIE_OFF_UNINTERRUPTIBLE;
}

static __always_inline __u32 off_reason(struct task_struct *task, __u32 state, bool preempt)
{
	if (preempt || !state) /* half of all switches: spare them the bitfields */
		return VIGIE_OFF_RUNNABLE;
	return off_reason_of(state, preempt, in_memstall(task),
			     BPF_CORE_READ_BITFIELD(task, in_iowait));
}

#endif
