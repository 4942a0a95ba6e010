/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * compat.bpf.h - every difference between kernels, and nothing else.
 *
 * Decided by the kernel's BTF, never by its version: distributions backport.
 * A flavour (___name) is the same kernel type as an older or newer kernel declares it.
 */
#ifndef VIGIE_COMPAT_BPF_H
#define VIGIE_COMPAT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "knobs.bpf.h"

/* linux/sched.h; macros, so BTF does not have them. Stable since 4.14. */
#define TASK_UNINTERRUPTIBLE 0x0002
#define EXIT_DEAD 0x0010
#define EXIT_ZOMBIE 0x0020
#define TASK_DEAD 0x0080
#define TASK_NOLOAD 0x0400
#define TASK_RTLOCK_WAIT 0x1000 /* PREEMPT_RT: a spinlock that sleeps */
#define SCHED_DEADLINE 6 /* uapi/linux/sched.h */
#define PF_KTHREAD 0x00200000
#define SIGNAL_GROUP_EXIT 0x00000004

/* sched_switch got prev_state as an argument in 5.18 (fa2c3254d7cf). */
typedef void (*btf_trace_sched_switch___state)(void *, bool, struct task_struct *,
					       struct task_struct *, unsigned int);
/* sched_process_exit got group_dead in 6.16. */
typedef void (*btf_trace_sched_process_exit___dead)(void *, struct task_struct *, bool);
/* mark_victim had a pid until 6.8 and stable backports of it (72ba14deb40a). */
typedef void (*btf_trace_mark_victim___pid)(void *, int);

/* task_struct.state was renamed to __state in 5.14 (2f064a59a11f). */
struct task_struct___state {
	volatile long state;
} __attribute__((preserve_access_index));

/* thread_info took the CPU over in 5.16 (bcf9033e5449). */
struct task_struct___cpu {
	unsigned int cpu;
} __attribute__((preserve_access_index));

/* mm counters became per-CPU counters in 6.2 (f1a7941243c1). */
struct mm_rss_stat___atomic {
	atomic_long_t count[4];
} __attribute__((preserve_access_index));
struct mm_struct___atomic {
	struct mm_rss_stat___atomic rss_stat;
} __attribute__((preserve_access_index));

/* Why prev leaves: TASK_* bits, 0 for a preempted task. ctx is sched_switch's. */
static __always_inline __u32 compat_prev_state(const __u64 *ctx, struct task_struct *prev)
{
	if (bpf_core_type_exists(btf_trace_sched_switch___state))
		return ctx[3];
	if (bpf_core_field_exists(prev->__state))
		return prev->__state;
	return ((struct task_struct___state *)prev)->state;
}

static __always_inline __u32 compat_state(struct task_struct *task)
{
	if (bpf_core_field_exists(task->__state))
		return task->__state;
	return ((struct task_struct___state *)task)->state;
}

/*
 * A thread that is on a CPU. task: a pointer that can be followed. It became a byte in 7.3, so it is
 * read by its size: of a plain load libbpf makes one that the verifier refuses.
 */
static __always_inline bool compat_on_cpu(struct task_struct *task)
{
	return bpf_core_field_exists(task->on_cpu) && BPF_CORE_READ_BITFIELD(task, on_cpu);
}

/* The clock of sched_info, without a clock instruction. 0 where it cannot be read. */
static __always_inline __u64 compat_rq_clock(struct task_struct *task)
{
	if (!cfg_off_cpu)
		return 0;
	return task->se.cfs_rq->rq->clock;
}

static __always_inline bool compat_current_typed(void)
{
	return bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf);
}

/*
 * The running task, for hooks that have no task argument. Before 5.11 it is a plain
 * address: read it with BPF_CORE_READ only.
 */
static __always_inline struct task_struct *compat_current(void)
{
	if (compat_current_typed())
		return bpf_get_current_task_btf();
	return (struct task_struct *)bpf_get_current_task();
}

/* The shared part of an mm counter, in pages; may be off by batch x CPUs from 6.2 on. */
static __always_inline __s64 compat_mm_counter(struct mm_struct *mm, int kind)
{
	struct mm_struct___atomic *old = (void *)mm;

	/* Not a plain load: before 6.2 the verifier cannot walk into an array of a typedef. */
	if (bpf_core_field_exists(old->rss_stat.count))
		return BPF_CORE_READ(old, rss_stat.count[kind].counter);
	return mm->rss_stat[kind].count;
}

static __always_inline __u64 compat_clamp(__s64 v)
{
	return v < 0 ? 0 : v;
}

/* Pages of hugetlbfs in the process' page tables; the counter is there with CONFIG_HUGETLB_PAGE. */
static __always_inline __u64 compat_mm_hugetlb(struct mm_struct *mm)
{
	if (!bpf_core_field_exists(mm->hugetlb_usage))
		return 0;
	return compat_clamp(mm->hugetlb_usage.counter);
}

/* file + anon + shmem, in pages. Any mm pointer that the verifier trusts. */
static __always_inline __u64 compat_mm_resident(struct mm_struct *mm)
{
	return compat_clamp(compat_mm_counter(mm, MM_FILEPAGES)) +
	       compat_clamp(compat_mm_counter(mm, MM_ANONPAGES)) +
	       compat_clamp(compat_mm_counter(mm, MM_SHMEMPAGES));
}

static __always_inline struct cgroup *compat_cgroup(struct css_set *cgroups, __s32 subsys)
{
	if (subsys < 0)
		return cgroups->dfl_cgrp;
	return cgroups->subsys[subsys & 15]->cgroup;
}

/*
 * The kernfs id of the cgroup that names a task, with the place of its hierarchy in the plan's
 * list, for ids of two hierarchies are alike. On a hybrid host a container may be in v1's trees
 * only and a user's application in the unified one: the deepest says most. The first of equals.
 */
static __always_inline __u64 compat_cgroup_id(struct task_struct *task)
{
	struct css_set *cgroups = task->cgroups;
	struct cgroup *cgrp = compat_cgroup(cgroups, cfg_cgroup_subsys[0]);
	__u64 id = cgrp->kn->id;
	int level = cgrp->level;

#pragma unroll
	for (__u32 i = 1; i < VIGIE_CGROUP_TREES; i++) {
		if (i >= cfg_cgroup_trees)
			break;
		cgrp = compat_cgroup(cgroups, cfg_cgroup_subsys[i]);
		if (cgrp->level <= level)
			continue;
		level = cgrp->level;
		id = cgrp->kn->id | (__u64)i << VIGIE_CGROUP_TREE_SHIFT;
	}
	return id;
}

#endif
