/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * session.bpf.h - what the programs of a profiling session share: its targets, the times
 * of its threads, counters of losses. Everything is defined in session.bpf.c.
 */
#ifndef VIGIE_SESSION_BPF_H
#define VIGIE_SESSION_BPF_H

#include "compat.bpf.h"
#include <vigie/abi_profile.h>

extern const volatile bool cfg_children; /* what a target forks is a target, too */
extern const volatile bool cfg_runq; /* culprits */
extern const volatile bool cfg_wakers;
extern const volatile __u64 cfg_fault_gap_ns; /* stacks of faults: one in that time a CPU */
extern const volatile __u64 cfg_waker_gap_ns; /* stacks of wakers, likewise */
extern const volatile __u64 cfg_waker_owed_ns; /* and one for that much time of a thread */

enum { TARGET_FILTER = 1024 }; /* a power of two */

struct targets_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VIGIE_TARGETS_MAX);
	__type(key, __u32); /* tgid */
	__type(value, __u32); /* 1 + self_exec_id of the program that is known; 0: none yet */
};
extern struct targets_map targets SEC(".maps");

/* The threads' records, a slot each, and whose slot it is: the dead keep theirs to the session's end. */
struct threads_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VIGIE_THREADS_MAX);
	__type(key, __u32);
	__type(value, struct vigie_thread);
};
extern struct threads_map threads SEC(".maps");

struct slots_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VIGIE_THREADS_MAX);
	__type(key, struct vigie_thread_key);
	__type(value, __u32);
};
extern struct slots_map slots SEC(".maps");

/* The same beside the task itself, which is nearer than a hash. Not on 5.10. */
struct slots_near_map {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u32);
};
extern struct slots_near_map slots_near SEC(".maps");

extern __u64 begin_ns; /* CLOCK_MONOTONIC as the session began; 0: not yet */
extern __u64 begin_clock; /* the clock by which times are taken, then */
extern __u8 target_filter[TARGET_FILTER]; /* 0: no target has such a tgid; spares a lookup */
extern __u64 session_lost[8]; /* enum vigie_session_loss */

static __always_inline void lost(__u32 cause, __u64 n)
{
	__sync_fetch_and_add(&session_lost[cause & 7], n);
}

static __always_inline bool may_be_target(__u32 tgid)
{
	return *(volatile __u8 *)&target_filter[tgid & (TARGET_FILTER - 1)];
}

static __always_inline bool is_target(__u32 tgid)
{
	return may_be_target(tgid) && bpf_map_lookup_elem(&targets, &tgid);
}

static __always_inline void target_add(__u32 tgid)
{
	__u32 unknown = 0;

	if (bpf_map_update_elem(&targets, &tgid, &unknown, BPF_ANY)) {
		lost(VIGIE_SESSION_LOST_TARGETS, 1);
		return;
	}
	target_filter[tgid & (TARGET_FILTER - 1)] = 1;
}

/* task: any pointer; before 5.11 the running task is a plain address. */
static __noinline __u32 *slot_find(struct task_struct *task)
{
	struct vigie_thread_key key = {
		.tid = BPF_CORE_READ(task, pid),
		.start_ns = BPF_CORE_READ(task, start_boottime),
	};

	return bpf_map_lookup_elem(&slots, &key);
}

/* Before 6.2 a lookup beside the task may find its lock taken: the hash does not fail. */
static __always_inline struct vigie_thread *thread_times_find(struct task_struct *task)
{
	__u32 *slot = NULL;

	if (cfg_task_storage)
		slot = bpf_task_storage_get(&slots_near, task, NULL, 0);
	if (!slot)
		slot = slot_find(task);
	return slot ? bpf_map_lookup_elem(&threads, slot) : NULL;
}

/* NULL also for a thread that is no target. */
static __always_inline struct vigie_thread *thread_times_of(struct task_struct *task, __u32 tgid)
{
	return may_be_target(tgid) ? thread_times_find(task) : NULL;
}

/* The clock by which times are taken, where no run queue is at hand. It ticks: a thread runs here. */
static __always_inline __u64 clock_here(void)
{
	if (!cfg_off_cpu)
		return bpf_ktime_get_ns();
	if (compat_current_typed())
		return bpf_get_current_task_btf()->se.cfs_rq->rq->clock;
	return BPF_CORE_READ(compat_current(), se.cfs_rq, rq, clock);
}

/* A thread that left one CPU and came back on another may seem to come before: clocks differ. */
static __always_inline __u64 away_until(const struct vigie_thread *b, __u64 now)
{
	return now > b->departed_ns ? now - b->departed_ns : 0;
}

/* A helper of 5.15; the pointer that it returns can be followed. */
static __always_inline bool has_task_pt_regs(void)
{
	return bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs);
}

/* x86-64: as user space was left. Before there was a helper, there was no padding. */
static __always_inline struct pt_regs *user_registers(struct task_struct *task)
{
	if (has_task_pt_regs())
		return (void *)bpf_task_pt_regs(task);
	return (void *)((__u64)BPF_CORE_READ(task, stack) + 16384 - sizeof(struct pt_regs));
}

/* One of them, by a plain load where the kernel knows the pointer. */
#define USER_REGISTER(task, name)                                              \
	(has_task_pt_regs() ? ((struct pt_regs *)bpf_task_pt_regs(task))->name \
			    : BPF_CORE_READ(user_registers(task), name))

#endif
