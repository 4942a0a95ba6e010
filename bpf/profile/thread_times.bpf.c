// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * thread_times.bpf.c - owns the exact times of the target's threads: time on a CPU, waiting for one,
 * and away by reason; who ran while they waited and who woke them.
 *
 * What the kernel adds up (sum_exec_runtime, run_delay) is read, never measured. An absence is
 * measured as the thread comes back, and split as it leaves again: only then has run_delay grown
 * by all of its waiting part. It is measured by the run queue's clock, by which the kernel counts,
 * too: that clock may stand still from a wakeup to the switch (it is not read twice), which is
 * CPU time as the kernel counts it. By another clock a thread's parts came to 120 % of its life.
 */
#include "wait_reason.bpf.h"
#include "runq.bpf.h"
#include "wakers.bpf.h"
#include "moved.bpf.h"

struct vigie_runq_cpu runq_cpus[VIGIE_MAX_CPUS] = {};
struct culprits_map culprits SEC(".maps");
struct wakes_map wakes SEC(".maps");
struct chains_map chains SEC(".maps");

/* Set by user space: what the next pass over the threads is for. */
volatile __u32 pass_kind = 0; /* enum vigie_pass */

/* Slots that nobody has; user space fills it. Atomic on every kernel, which counting up is not. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, VIGIE_THREADS_MAX);
	__type(value, __u32);
} slots_free SEC(".maps");

/* That of the task's run queue, whose lock its caller holds: as the kernel will count. */
static __always_inline __u64 clock_of(struct task_struct *task)
{
	return cfg_off_cpu ? compat_rq_clock(task) : bpf_ktime_get_ns();
}

/* An idle CPU's clock may stand where it stood before the session. */
static __always_inline __u64 since_begin(__u64 clock)
{
	return clock > begin_clock ? clock - begin_clock : 0;
}

__u64 moved_asleep = 0;

/* run_delay without the sleep that it counts. */
static __always_inline __u64 true_delay(struct task_struct *task, const struct vigie_thread *b)
{
	__u64 delay = task->sched_info.run_delay;

	barrier_var(delay); /* or it is one load by either pointer, which the verifier refuses */
	if (b->moved)
		delay = b->moved_delay;
	return delay - b->false_ns;
}

static __noinline int thread_times_open(struct task_struct *task, __u64 now)
{
	struct vigie_thread_key key = { .tid = task->pid, .start_ns = task->start_boottime };
	struct vigie_thread *b;
	__u32 slot;

	if (bpf_map_pop_elem(&slots_free, &slot)) {
		lost(VIGIE_SESSION_LOST_THREADS, 1);
		return 0;
	}
	b = bpf_map_lookup_elem(&threads, &slot);
	if (!b)
		return 0;
	b->tid = task->pid;
	b->tgid = task->tgid;
	b->start_ns = key.start_ns;
	b->slot = slot;
	b->cgroup_id = compat_cgroup_id(task);
	b->begin_ns = now;
	b->waker_kind = VIGIE_WAKER_UNKNOWN;
	b->owed_ns = cfg_waker_owed_ns; /* who wakes it first is looked at */
	b->run_begin_ns = b->run_ns = task->se.sum_exec_runtime;
	b->delay_begin_ns = b->delay_ns = b->departed_delay_ns = task->sched_info.run_delay;
	b->faults_begin = b->faults = task->min_flt + task->maj_flt;
	/* Last: who finds the slot finds it filled. */
	if (bpf_map_update_elem(&slots, &key, &slot, BPF_NOEXIST))
		bpf_map_push_elem(&slots_free, &slot, 0);
	return 0;
}

/* Allocates: not with a run queue locked. */
static __always_inline void slot_keep_near(struct task_struct *task)
{
	__u32 *slot = cfg_task_storage ? slot_find(task) : NULL;

	if (slot)
		bpf_task_storage_get(&slots_near, task, slot, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

/* An exec renames it: what it was called last counts. */
static __always_inline void thread_times_name(struct task_struct *task, struct vigie_thread *b)
{
	bpf_probe_read_kernel(b->comm, sizeof(b->comm), task->comm);
}

/* The absence is over, and wait_ns of it was waiting for a CPU. */
static __always_inline void absence_book(struct vigie_thread *b, __u64 away, __u64 wait)
{
	__u32 wait_reason = b->wait_reason;
	__u64 off = away > wait ? away - wait : 0;

	if (wait_reason >= VIGIE_WAITS)
		return;
	b->off_ns[wait_reason & 15] += off;
	b->off_count[wait_reason & 15]++;
	if (cfg_wakers)
		wakes_add(b, off);
}

static __always_inline void times_leave(struct task_struct *prev, struct vigie_thread *b,
					__u32 state, __u64 now)
{
	__u64 delay;

	if (b->moved) /* its wakeup was missed: all of that wait counts as sleep */
		moved_unmark(b, prev->sched_info.run_delay - b->moved_delay);
	delay = true_delay(prev, b);
	if (b->away_ns) {
		absence_book(b, b->away_ns, delay - b->departed_delay_ns);
		b->away_ns = 0;
	}
	b->run_ns = prev->se.sum_exec_runtime;
	b->delay_ns = b->departed_delay_ns = delay;
	b->faults = prev->min_flt + prev->maj_flt;
	if (state & (TASK_DEAD | EXIT_DEAD | EXIT_ZOMBIE)) {
		b->flags |= VIGIE_THREAD_CLOSED;
		thread_times_name(prev, b);
		b->end_ns = now;
		b->departed_ns = 0;
		wakes_flush(b);
		return;
	}
	b->wait_reason = wait_reason(prev, state, b->mmap_lock);
	if (b->wait_reason < VIGIE_WAITS) {
		b->hops_n = 0;
		b->unwoken = 1;
		if (b->early)
			waker_take_early(b);
	}
	b->departed_ns = now;
}

/* The record of a target's thread, opened if its first step was missed. NULL: no target's. */
static __always_inline struct vigie_thread *times_get(struct task_struct *task, __u64 now)
{
	struct vigie_thread *b = thread_times_find(task);

	if (b || !is_target(task->tgid))
		return b;
	thread_times_open(task, now);
	return thread_times_find(task);
}

SEC("tp_btf/sched_switch")
int on_session_switch(__u64 *ctx)
{
	struct task_struct *prev = (void *)ctx[1], *next = (void *)ctx[2];
	struct vigie_runq_cpu *q = runq_of(bpf_get_smp_processor_id());
	bool from = prev->pid && may_be_target(prev->tgid);
	bool to = next->pid && may_be_target(next->tgid);
	__u32 state = ctx[0] ? 0 : compat_prev_state(ctx, prev);
	struct vigie_thread *b, *left;
	__u64 now;

	if (!begin_ns || (!cfg_runq && !from && !to))
		return 0;
	now = clock_of(next);
	left = from ? times_running(q, prev) : NULL;
	if (cfg_runq)
		runq_settle(q, prev, left, since_begin(now));
	q->tgid = next->tgid;
	q->task = 0;
	runq_calm(q);
	if (to) {
		b = times_get(next, now);
		if (b) {
			q->slot = b->slot;
			q->task = (__u64)next;
			b->early = 0;
		}
		if (b && b->departed_ns) {
			b->away_ns = away_until(b, now);
			if (b->wait_reason < VIGIE_WAITS) {
				b->gone_ns = b->departed_ns;
				b->back_ns = now;
			}
			b->departed_ns = 0;
		}
		if (b && cfg_runq)
			runq_leave(q, b);
	}
	if (from) {
		b = left ? left : times_get(prev, now);
		if (b)
			times_leave(prev, b, state, now);
		if (b && cfg_runq && !state)
			runq_enter(b, bpf_get_smp_processor_id(), since_begin(now));
	}
	return 0;
}

/* Its number may be another's soon, and its place is. Its record stays for what it has left to do. */
SEC("tp_btf/sched_process_exit")
int on_session_end(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	__u32 tgid = task->tgid;

	if (may_be_target(tgid) && !task->signal->live.counter)
		bpf_map_delete_elem(&targets, &tgid);
	return 0;
}

/* Where no view needs the switches: a thread's times are closed here, a moment before its last one. */
SEC("tp_btf/sched_process_exit")
int on_session_exit(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct vigie_thread *b;

	if (!begin_ns)
		return 0;
	b = thread_times_of(task, task->tgid);
	if (!b)
		return 0;
	b->run_ns = task->se.sum_exec_runtime;
	b->delay_ns = true_delay(task, b);
	b->faults = task->min_flt + task->maj_flt;
	b->end_ns = clock_here();
	b->flags |= VIGIE_THREAD_CLOSED;
	thread_times_name(task, b);
	return 0;
}

static __always_inline __u32 cpu_of(struct task_struct *task)
{
	if (bpf_core_field_exists(task->thread_info.cpu))
		return task->thread_info.cpu;
	return ((struct task_struct___cpu *)task)->cpu;
}

static __always_inline int thread_times_woken(struct task_struct *task)
{
	struct vigie_thread *b;

	if (!begin_ns)
		return 0;
	b = thread_times_of(task, task->tgid);
	if (b && b->moved) {
		b->woken_ns = clock_of(task);
		moved_unmark(b, moved_false_ns(task, b->moved_delay, b->woken_ns));
	}
	/* One that is on a CPU yet has not left it: it will be seen to, runnable. */
	if (cfg_runq && b && !compat_on_cpu(task))
		runq_enter(b, cpu_of(task), since_begin(clock_of(task)));
	return 0;
}

SEC("tp_btf/sched_wakeup")
int on_session_wakeup(__u64 *ctx)
{
	return cfg_runq || moved_asleep ? thread_times_woken((void *)ctx[0]) : 0;
}

SEC("tp_btf/sched_wakeup_new")
int on_session_wakeup_new(__u64 *ctx)
{
	return thread_times_woken((void *)ctx[0]);
}

SEC("tp_btf/sched_migrate_task")
int on_session_migrate(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct vigie_thread *b;

	if (!begin_ns)
		return 0;
	b = thread_times_of(task, task->tgid);
	if (!b)
		return 0;
	if (!moved_delayed(task))
		runq_move(b, cpu_of(task), ctx[1], since_begin(clock_of(task)));
	else if (!b->moved)
		moved_mark(b, task);
	return 0;
}

/* Births: a thread of a target, or a child of one. */
SEC("tp_btf/task_newtask")
int on_session_newtask(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0], *parent = compat_current();
	__u32 tgid = task->tgid;

	if (!begin_ns)
		return 0;
	if (task->pid == task->tgid && cfg_children && is_target(BPF_CORE_READ(parent, tgid)))
		target_add(tgid);
	if (!is_target(tgid))
		return 0;
	thread_times_open(task, clock_here());
	slot_keep_near(task);
	return 0;
}

/* A lock that is waited for; 5.19 and later. */
SEC("?tp_btf/contention_begin")
int on_session_contention(__u64 *ctx)
{
	struct task_struct *task = compat_current();
	struct vigie_thread *b;
	struct mm_struct *mm;

	b = thread_times_of(task, bpf_get_current_pid_tgid() >> 32);
	if (!b)
		return 0;
	mm = BPF_CORE_READ(task, mm);
	if (mm && ctx[0] == (__u64)__builtin_preserve_access_index(&mm->mmap_lock))
		b->mmap_lock = 1;
	return 0;
}

SEC("?tp_btf/contention_end")
int on_session_contention_end(__u64 *ctx)
{
	struct vigie_thread *b;

	b = thread_times_of(compat_current(), bpf_get_current_pid_tgid() >> 32);
	if (b && b->mmap_lock)
		b->mmap_lock = 0;
	return 0;
}

/* How long a queued thread has waited already; run_delay does not have it yet. */
static __always_inline __u64 waited_so_far(struct task_struct *task, const struct vigie_thread *b)
{
	__u64 queued = task->sched_info.last_queued, clock;

	if (!queued || !cfg_off_cpu || b->moved)
		return 0;
	if (queued < b->woken_ns)
		queued = b->woken_ns;
	clock = clock_here();
	return clock > queued ? clock - queued : 0;
}

static __always_inline void times_begin(struct task_struct *task, __u64 now)
{
	struct vigie_thread *b = thread_times_find(task);
	__u32 state = compat_state(task);
	bool late = b; /* a switch came first */

	if (!late)
		thread_times_open(task, now);
	slot_keep_near(task);
	b = thread_times_find(task);
	if (late || !b || compat_on_cpu(task))
		return;
	if (!b->moved && moved_already(task))
		moved_mark(b, task);
	b->delay_begin_ns += waited_so_far(task, b);
	b->departed_delay_ns = b->delay_begin_ns;
	b->wait_reason = wait_reason(task, state, false);
	if (b->wait_reason < VIGIE_WAITS)
		b->unwoken = 1;
	b->departed_ns = now;
}

static __always_inline void times_close(struct task_struct *task, __u64 now)
{
	struct vigie_thread *b = thread_times_find(task);
	__u64 delay, more;

	if (!b || b->flags & VIGIE_THREAD_CLOSED)
		return;
	delay = true_delay(task, b);
	more = waited_so_far(task, b);
	if (b->departed_ns)
		absence_book(b, away_until(b, now), delay + more - b->departed_delay_ns);
	else if (b->away_ns)
		absence_book(b, b->away_ns, delay - b->departed_delay_ns);
	wakes_flush(b);
	thread_times_name(task, b);
	b->away_ns = 0;
	b->run_ns = task->se.sum_exec_runtime;
	b->delay_ns = delay + more;
	b->faults = task->min_flt + task->maj_flt;
	b->end_ns = now;
}

/* Begins the times of every thread that lives as the session begins; ends them at its end. */
SEC("iter/task")
int on_session_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (pass_kind == VIGIE_PASS_CLOCK) {
		begin_clock = clock_here();
		return 0;
	}
	if (!task || !is_target(task->tgid) || task->exit_state)
		return 0;
	if (pass_kind == VIGIE_PASS_CLOSE)
		times_close(task, clock_here());
	else
		times_begin(task, clock_here());
	return 0;
}
