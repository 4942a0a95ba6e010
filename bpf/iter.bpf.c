// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * iter.bpf.c - owns the pass over all tasks: reading what the kernel counts anyway.
 *
 * One record per task, at no cost per event; a short one for a task that slept on. A record is handed out and only then committed
 * as delivered: when the reader's buffer is full the kernel calls us again for the same task.
 */
#include "state.bpf.h"
#include "identity.bpf.h"
#include "delta.bpf.h"
#include "life.bpf.h"
#include "rss.bpf.h"
#include "peak.bpf.h"
#include "moved.bpf.h"

/*
 * Set by user space now and then, and when it lost a record: short ones would speak of what
 * it does not know.
 */
volatile __u32 full_pass = 0;

/* Of this pass: tasks without a state as there is room for no more. User space keeps nothing of them, either. */
volatile __u64 passed_over = 0;

/* 1: in this pass look for sleepers that were moved while nobody did. */
volatile __u32 moved_anew = 0;

/* Too big for the stack; one reader at a time, which user space sees to. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vigie_task);
} scratch SEC(".maps");

/* The state of a task that we see for the first time, until it is the task's. Likewise. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct task_state);
} first_state SEC(".maps");

static __always_inline __u64 life_cpu(struct task_struct *task)
{
	__u64 cpu = task->se.sum_exec_runtime;

	if (task->pid == task->tgid)
		cpu += task->signal->sum_sched_runtime;
	return cpu;
}

/* 6.2 and later. In one of the linked objects only: findings/bpftool-links-a-kfunc-once.sh. */
extern void *bpf_rdonly_cast(const void *address, __u32 btf_id) __ksym __weak;

enum special_kfunc_type___cast { KF_bpf_rdonly_cast___cast };

/*
 * Since 6.2 the verifier looks, for each pointer read through one that it trusts, for a name among
 * those of all the kernel's types: a millisecond each time, on each path that leads here. These
 * were half of what loading took, so it is told not to trust this one.
 */
static __always_inline __u64 cgroup_id_of(struct task_struct *task)
{
	if (bpf_core_enum_value_exists(enum special_kfunc_type___cast, KF_bpf_rdonly_cast___cast))
		task = bpf_rdonly_cast(task, bpf_core_type_id_kernel(struct task_struct));
	return compat_cgroup_id(task);
}

static __always_inline void record_identity(struct task_struct *task, struct vigie_task *rec)
{
	struct task_struct *leader = task->group_leader;

	rec->tid = task->pid;
	rec->tgid = task->tgid;
	rec->ppid = task->real_parent->tgid;
	rec->uid = task->cred->uid.val;
	rec->flags = 0;
	if (task->flags & PF_KTHREAD)
		rec->flags |= VIGIE_TASK_KTHREAD;
	if (task->exit_state)
		rec->flags |= VIGIE_TASK_ZOMBIE;
	rec->threads = task->signal->nr_threads;
	rec->start_ns = leader->start_boottime;
	rec->cgroup_id = cgroup_id_of(task);
	rec->life_cpu_ns = life_cpu(task);
	identity_comm(leader, rec->comm);
	if (cfg_group_by & VIGIE_BY_EXE)
		identity_exe(task, rec->exe);
}

/* The mm is the process': its leader speaks for it, or any thread once the leader is gone. */
static __always_inline void record_memory(struct task_struct *task, struct vigie_task *rec)
{
	struct mm_struct *mm = task->mm;

	__builtin_memset(rec->rss_pages, 0, sizeof(rec->rss_pages));
	if (mm && !(task->flags & PF_KTHREAD) &&
	    (task->pid == task->tgid || task->group_leader->exit_state))
		rss_read(mm, rec->rss_pages);
}

/* The clock of the run queue that we run on: it ticks, an idle CPU's stands still. */
static __always_inline __u64 clock_here(void)
{
	struct task_struct *task = compat_current();

	if (!cfg_off_cpu)
		return 0;
	return BPF_CORE_READ(task, se.cfs_rq, rq, clock);
}

static __always_inline void known_base(struct task_struct *task, struct task_state *st, __u64 now)
{
	struct mm_struct *mm = task->mm;

	delta_base(task, st, now);
	st->high_before_exec = task->signal->maxrss;
	if (mm)
		peak_told(mm, st);
}

static __always_inline struct task_state *known_or_new(struct task_struct *task, __u64 now)
{
	struct task_state *st = state_lookup(task);
	__u32 zero = 0;

	if (st || !state_has_room())
		return st;
	st = bpf_map_lookup_elem(&first_state, &zero);
	if (!st)
		return NULL;
	__builtin_memset(st, 0, sizeof(*st));
	st->generation = generation_begun();
	/* Born unseen, or as state could not be had: it has a past, and that is due. */
	if (born_attached(task)) {
		st->started = state_started_as(task);
		st->counted = STATE_FOUND;
	} else {
		known_base(task, st, now);
	}
	if (cfg_group_by & VIGIE_BY_EXE)
		identity_exe(task, st->exe);
	st = state_create(task, st);
	/* Else the fork was faster, and what we filled in was not used. */
	if (st && st->counted == STATE_FOUND) {
		st->counted = STATE_COUNTED;
		count_birth(st->started == STATE_PROCESS);
	}
	if (st && !st->moved && moved_already(task))
		moved_mark(st, task);
	return st;
}

/*
 * Who sleeps may not switch for days. Who runs or waits will do so soon, and knows more: also who has said
 * that it will sleep and still runs, or was preempted before it did.
 */
static __always_inline void asleep_again(struct task_struct *task, struct task_state *st, __u64 now)
{
	__u32 state = compat_state(task);
	struct departure d = { .now = now };

	if (!now || !state || state & TASK_DEAD || task->exit_state || st->moved ||
	    shed & VIGIE_SHED_REASONS || task->sched_info.last_queued || compat_on_cpu(task))
		return;
	d.wait_reason = off_reason(task, state, false);
	d.delay = task->sched_info.run_delay - st->false_ns;
	d.run = task->se.sum_exec_runtime;
	departure_again(st, &d);
}

/*
 * Nobody sees a marked task wake while that is off: from here on its wait is what the kernel says, sleep
 * included. Back again, who was moved meanwhile and sleeps still is as in the first pass.
 */
static __always_inline void moved_look(struct task_struct *task, struct task_state *st)
{
	if (!cfg_moved)
		return;
	if (shed & VIGIE_SHED_MOVED) {
		if (st->moved)
			moved_unmark(st, 0);
	} else if (moved_anew && !st->moved && moved_already(task)) {
		moved_mark(st, task);
	}
}

static __always_inline __u64 shown_pages(struct task_struct *task)
{
	struct mm_struct *mm = task->mm;

	return mm ? compat_mm_resident(mm) + compat_mm_hugetlb(mm) : 0;
}

/*
 * True: since its last whole record the task has not run, and nobody changed what it shows. The
 * state comes after last_queued, and last_arrival after both: see waits_read(). Of a stale one it is not
 * known when it left; if it is about to run all the same, the next pass has it.
 */
static __always_inline bool still_asleep(struct task_struct *task, const struct task_state *st,
					 __u64 departed, bool stale)
{
	const struct vigie_usage *delivered = &st->delivered;

	if (full_pass || !st->recorded || task->exit_state || (departed <= DEPARTED_NOW && !stale))
		return false;
	if (task->nvcsw != delivered->voluntary_switches ||
	    task->nivcsw != delivered->involuntary_switches ||
	    task->se.sum_exec_runtime != delivered->user_ns + delivered->system_ns ||
	    (task->sched_info.last_queued && !st->moved))
		return false;
	barrier();
	if (!compat_state(task))
		return false;
	barrier();
	if (!stale &&
	    (task->sched_info.last_arrival > departed || st->wait_reason >= VIGIE_OFF_REASONS))
		return false;
	if ((__u64)task->cgroups != st->shown_cgroups ||
	    (__u64)task->real_parent != st->shown_parent)
		return false;
	/* Memory is shown by the leader, and threads that ran may have changed it. */
	if (task->pid != task->tgid)
		return !task->group_leader->exit_state;
	return task->signal->nr_threads == 1 && shown_pages(task) == st->shown_pages;
}

/* False: it has left a CPU meanwhile, so it does not sleep on. */
static __always_inline bool delta_asleep(struct seq_file *seq, struct task_struct *task,
					 struct task_state *st, __u64 departed, __u64 now,
					 bool stale)
{
	struct vigie_asleep rec = {
		.tid = task->pid,
		.tgid = task->tgid,
		.flags = VIGIE_TASK_ASLEEP,
	};
	__u32 wait_reason = st->wait_reason & 3;
	__u64 *delivered = &st->delivered.off_ns[wait_reason];

	if (task->flags & PF_KTHREAD)
		rec.flags |= VIGIE_TASK_KTHREAD;
	rec.wait_reason = wait_reason;
	rec.life_cpu_ns = life_cpu(task);
	rec.off_ns = delta_growth(st->off_ns[wait_reason] + delta_growth(now, departed),
				  *delivered);
	if (stale)
		rec.off_ns = 0;
	if (departed_get(st) != departed)
		return false;
	if (!bpf_seq_write(seq, &rec, sizeof(rec)))
		*delivered += rec.off_ns;
	return true;
}

static __always_inline void delta_whole(struct seq_file *seq, struct task_struct *task,
					struct task_state *st, struct vigie_task *rec, __u64 now)
{
	/* Taken before the record, noted after it: what changes meanwhile is shown again. */
	__u64 cgroups = (__u64)task->cgroups, parent = (__u64)task->real_parent;
	struct mm_struct *mm = task->pid == task->tgid ? task->mm : NULL;
	__u64 pages = shown_pages(task);

	record_identity(task, rec);
	record_memory(task, rec);
	if (!st) {
		rec->flags |= VIGIE_TASK_UNTRACKED;
		rec->peak_pages = 0;
		__builtin_memset(&rec->inc, 0, sizeof(rec->inc));
		bpf_seq_write(seq, rec, sizeof(*rec));
		return;
	}
	if (mm)
		peak_raise(st, peak_news(mm, st));
	rec->peak_pages = st->peak_pages;
	delta_since(task, st, now, &rec->inc);
	if (bpf_seq_write(seq, rec, sizeof(*rec)))
		return;
	delta_commit(st, &rec->inc);
	st->peak_pages = 0;
	if (mm)
		peak_told(mm, st);
	st->shown_cgroups = cgroups;
	st->shown_parent = parent;
	st->shown_pages = pages;
	st->recorded = 1;
}

SEC("iter/task")
int on_task(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	struct task_state *st;
	struct vigie_task *rec;
	__u32 zero = 0;
	__u64 now, departed;
	bool stale;

	/* EXIT_DEAD: about to be freed, and the free hook will hand out its remainder. */
	if (!task || task->exit_state & EXIT_DEAD)
		return 0;
	now = clock_here();
	st = known_or_new(task, now);
	if (!st && !state_has_room()) {
		passed_over++;
		return 0;
	}
	if (st)
		moved_look(task, st);
	if (st && state_stale(st))
		asleep_again(task, st, now);
	departed = st ? departed_get(st) : 0;
	stale = st && state_stale(st);
	if (st && still_asleep(task, st, departed, stale) &&
	    delta_asleep(seq, task, st, departed, now, stale))
		return 0;
	rec = bpf_map_lookup_elem(&scratch, &zero);
	if (rec)
		delta_whole(seq, task, st, rec, now);
	return 0;
}
