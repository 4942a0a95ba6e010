// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * memory.bpf.c - owns memory stalls, the ticks that see resident memory, and OOM kills.
 *
 * Stalls fire only under memory pressure, so a clock read is no matter there. Kernel threads
 * reclaim and compact as their work: that is no stall.
 */
#include "state.bpf.h"
#include "identity.bpf.h"
#include "events.bpf.h"
#include "peak.bpf.h"

static __always_inline struct task_state *stalled_state(void)
{
	struct task_struct *task = compat_current();

	if (BPF_CORE_READ(task, flags) & PF_KTHREAD)
		return NULL;
	return state_lookup(task);
}

static __always_inline void stall_begin(void)
{
	struct task_state *st = stalled_state();

	if (st)
		st->stall_begin = bpf_ktime_get_ns();
}

static __always_inline void stall_end(enum vigie_stall cause)
{
	struct task_state *st = stalled_state();

	if (!st || !st->stall_begin)
		return;
	st->stall_ns[cause] += bpf_ktime_get_ns() - st->stall_begin;
	st->stall_begin = 0;
}

#define STALL_HOOKS(name, event, cause)   \
	SEC("?tp_btf/" #event "_begin")   \
	int on_##name##_begin(__u64 *ctx) \
	{                                 \
		stall_begin();            \
		return 0;                 \
	}                                 \
	SEC("?tp_btf/" #event "_end")     \
	int on_##name##_end(__u64 *ctx)   \
	{                                 \
		stall_end(cause);         \
		return 0;                 \
	}

STALL_HOOKS(reclaim, mm_vmscan_direct_reclaim, VIGIE_STALL_RECLAIM)
STALL_HOOKS(cgroup_reclaim, mm_vmscan_memcg_reclaim, VIGIE_STALL_CGROUP_RECLAIM)
STALL_HOOKS(compaction, mm_compaction, VIGIE_STALL_COMPACTION)

/*
 * A timer runs out: on a busy CPU that is the scheduler's tick, 100 to 1000 times a second; an
 * idle CPU has none, and nobody's memory grows there. We are in an interrupt: only looks.
 */
SEC("?tp_btf/hrtimer_expire_entry")
int on_tick(__u64 *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mm_struct *mm = task->mm;
	struct task_state *st;

	if (!mm || task->flags & PF_KTHREAD)
		return 0;
	st = bpf_task_storage_get(&tasks, task, NULL, 0);
	if (st)
		peak_raise(st, compat_mm_resident(mm));
	return 0;
}

/* current is whoever allocated when memory ran out, in a memory cgroup or on the host. */
static __always_inline void oom_event(struct vigie_oom_event *event)
{
	struct task_struct *trigger = compat_current();

	event->kind = VIGIE_EVENT_OOM;
	event->time_ns = bpf_ktime_get_ns();
	event->trigger_tgid = BPF_CORE_READ(trigger, tgid);
	BPF_CORE_READ_INTO(&event->trigger_comm, trigger, group_leader, comm);
	event->trigger_comm[VIGIE_COMM_LEN - 1] = '\0';
}

static __always_inline void oom_victim(struct task_struct *victim, struct vigie_oom_event *event)
{
	struct mm_struct *mm = victim->mm;

	event->victim_tgid = victim->tgid;
	event->victim_cgroup_id = compat_cgroup_id(victim);
	identity_comm(victim->group_leader, event->victim_comm);
	if (mm)
		event->victim_pages = compat_mm_resident(mm);
}

SEC("?tp_btf/mark_victim")
int on_oom(__u64 *ctx)
{
	struct vigie_oom_event event = {};

	oom_event(&event);
	/* The kill is counted as the victim exits. Of a mere pid user space finds the name. */
	if (bpf_core_type_exists(btf_trace_mark_victim___pid))
		event.victim_tgid = ctx[0];
	else
		oom_victim((struct task_struct *)ctx[0], &event);
	event_send(&event, sizeof(event));
	return 0;
}
