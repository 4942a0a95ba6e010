// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * switch.bpf.c - owns the clockless switch probe.
 *
 * At sched_switch prev has just been charged and its sched_info not yet reopened: the growth
 * of run_delay since its last switch-out is exactly its last run-queue wait, the growth of
 * sum_exec_runtime exactly its last time slice. Here: only lookups and stores. No hash
 * update, no ring buffer, no lock, no clock: the run queue is locked while we run.
 * What is off for now (shed.bpf.h) costs one load and a test.
 */
#include "state.bpf.h"
#include "identity.bpf.h"
#include "switch.bpf.h"
#include "departure.bpf.h"
#include "culprit.bpf.h"
#include "moved.bpf.h"

/*
 * Time slices by CPU. In .bss and not in a map: its address is a constant. User space maps
 * it, and reads it until two reads agree.
 */
struct vigie_slices slices[VIGIE_MAX_CPUS] = {};

/* Out of line what is rare: the hot path stays short. */
static __noinline int switch_lose(__u32 cause)
{
	count_loss(cause);
	return 0;
}

/*
 * Who yields under SCHED_DEADLINE, or has used its budget up, is throttled until its next period, and
 * the kernel counts that as waiting. Nobody is in its way before that period begins: rq clock, as its
 * deadline is.
 */
static __always_inline __u64 period_begin(struct task_struct *task)
{
	return task->dl.deadline - task->dl.dl_deadline;
}

/*
 * What of a long wait, which ended without a switch-out since, was such a sleep. As its next period
 * begins it may have been pushed to another CPU, so last_queued knows nothing of it.
 */
static __noinline __u64 throttled(struct task_struct *prev, struct task_state *st, __u64 wait)
{
	struct vigie_cpu *cpu = this_cpu();
	__u64 begin = period_begin(prev), ns;

	if (prev->policy != SCHED_DEADLINE || st->wait_reason != VIGIE_OFF_RUNNABLE ||
	    st->departed <= DEPARTED_NOW || begin <= st->departed)
		return 0;
	ns = begin - st->departed;
	if (ns > wait)
		ns = wait;
	st->wait_reason = VIGIE_OFF_SLEEP;
	st->false_ns += ns;
	if (cpu)
		cpu->corrected_ns += ns;
	return ns;
}

/* last_queued may be of a sleep: then its wait began as it was woken. */
static __noinline int slow_wait(struct task_struct *prev, struct task_struct *next, __u64 now,
				bool prev_dead)
{
	__u64 queued = next->sched_info.last_queued;
	struct task_state *st = cfg_moved ? state_lookup(next) : NULL;
	__u64 begin = next->policy == SCHED_DEADLINE ? period_begin(next) : 0;

	if (st && (st->moved || st->woken_ns > queued))
		queued = st->moved ? now : st->woken_ns;
	if (begin > queued && begin <= now)
		queued = begin;
	if ((__s64)(now - queued) > (__s64)cfg_slow_ns)
		culprit_wait(prev, next, now - queued, prev_dead);
	return 0;
}

/*
 * Its wakeup was missed: when it was is not known, and all of the wait counts as sleep. Woken after nobody
 * looks for that any more it is no loss, and its wait what the kernel says, as moved_look() has it.
 */
static __noinline int wakeup_missed(struct task_struct *task, struct task_state *st, __u32 off)
{
	if (off & VIGIE_SHED_MOVED) {
		moved_unmark(st, 0);
		return 0;
	}
	moved_unmark(st, task->sched_info.run_delay - st->moved_delay);
	count_loss(VIGIE_LOSS_WAKEUP_MISSED);
	return 0;
}

static __always_inline void slice_count(__u64 slice)
{
	struct vigie_slices *here = &slices[bpf_get_smp_processor_id() & (VIGIE_MAX_CPUS - 1)];

	here->count[bucket_of(slice)]++;
	here->sum_ns += slice;
}

/*
 * The absence that ended when prev last arrived, to be charged to the reason it left for. Where a
 * lookup can fail, a switch-out may have been missed: a slice longer than the stay gives it
 * away, and then the absence has CPU time in it.
 */
static __always_inline __u64 absence(struct task_struct *prev, const struct task_state *st,
				     __u64 wait, __u64 slice, __u64 now)
{
	__s64 away = prev->sched_info.last_arrival - st->departed - wait;

	if (!st->departed)
		return 0;
	if (cfg_lookup_fails && slice > now - prev->sched_info.last_arrival + 1000000)
		return 0;
	if (away >= 0)
		return away;
	switch_lose(VIGIE_LOSS_CLOCK_BACKWARDS);
	return 0;
}

static __always_inline void switch_book(struct task_struct *prev, struct task_state *st, __u64 now,
					__u32 wait_reason, bool dead, bool counted)
{
	struct departure d = {
		.now = now, .wait_reason = wait_reason, .dead = dead, .counted = counted
	};
	__u64 slice, asleep;

	d.delay = prev->sched_info.run_delay - st->false_ns;
	d.run = prev->se.sum_exec_runtime;
	d.wait = d.delay - st->delay_ns;
	if (d.wait > cfg_slow_ns) {
		asleep = throttled(prev, st, d.wait);
		d.wait -= asleep;
		d.delay -= asleep;
	}
	slice = d.run - st->run_ns;
	d.away = absence(prev, st, d.wait, slice, now);
	departure_store(st, &d);
	if (counted)
		slice_count(slice);
}

/* Histograms are off, or nobody looked at the task's last switch: see departure_again(). */
static __noinline int switch_partly(struct task_struct *prev, struct task_state *st, __u64 now,
				    __u32 wait_reason, bool dead)
{
	struct departure d = { .now = now, .wait_reason = wait_reason, .dead = dead };

	if (!state_stale(st)) {
		switch_book(prev, st, now, wait_reason, dead, false);
		return 0;
	}
	d.delay = prev->sched_info.run_delay - st->false_ns;
	d.run = prev->se.sum_exec_runtime;
	departure_again(st, &d);
	return 0;
}

/* prev leaves the CPU at now (rq clock) for the reason why. */
static __always_inline void switch_out(struct task_struct *prev, __u64 now, __u32 wait_reason,
				       bool dead, __u32 off)
{
	struct task_state *st = state_lookup(prev);

	if (!st) {
		if (!dead) /* one that was dying as we attached is no loss */
			switch_lose(VIGIE_LOSS_STATE_MISSING);
		return;
	}
	if (cfg_moved && st->moved)
		wakeup_missed(prev, st, off);
	if ((off & VIGIE_SHED_HISTOGRAMS) || state_stale(st))
		switch_partly(prev, st, now, wait_reason, dead);
	else
		switch_book(prev, st, now, wait_reason, dead, true);
}

SEC("tp_btf/sched_switch")
int on_switch(__u64 *ctx)
{
	struct task_struct *prev = (void *)ctx[1], *next = (void *)ctx[2];
	__u32 off = shed, state;
	__u64 now, queued;
	bool dead;

	/* The last to go: what comes before it has gone, too. */
	if (off & VIGIE_SHED_REASONS)
		return 0;
	state = compat_prev_state(ctx, prev);
	now = compat_rq_clock(next);
	queued = next->sched_info.last_queued;
	dead = state & (TASK_DEAD | EXIT_DEAD | EXIT_ZOMBIE);
	/*
	 * last_queued is cleared only after us: a slow wait shows as it ends. pid 0 is the idle
	 * task: it waits for nobody, and nobody waits because of it.
	 */
	if (queued && (__s64)(now - queued) > (__s64)cfg_slow_ns && next->pid && cfg_off_cpu &&
	    !(off & VIGIE_SHED_CULPRITS))
		slow_wait(prev, next, now, dead);
	if (prev->pid)
		switch_out(prev, now, off_reason(prev, state, ctx[0]), dead, off);
	return 0;
}
