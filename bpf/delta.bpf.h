/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * delta.bpf.h - the increments of a task since they were last handed out.
 *
 * Invariant: delivered + what delta_since() returns = the task's totals, in every field, so an
 * increment is delivered once, by the iterator while the task lives or by the free hook. What a task
 * had before we attached is charged to no group by the same function, so a counter that is added to
 * delta_since() needs no line anywhere else.
 */
#ifndef VIGIE_DELTA_BPF_H
#define VIGIE_DELTA_BPF_H

#include "state.bpf.h"
#include "switch.bpf.h"
#include "departure.bpf.h"

/* A total of the kernel's. A test adds a past here, which nobody must be handed. */
#ifndef DELTA_TOTAL
#define DELTA_TOTAL(total) (total)
#endif

/*
 * The system part of cpu_ns in the ratio of stime to utime + stime, both tick-sampled:
 * what the kernel's cputime_adjust() shows in /proc/PID/stat.
 */
static __always_inline __u64 delta_system_part(__u64 cpu_ns, __u64 utime, __u64 stime)
{
	__u64 sum = utime + stime, part;

	if (!stime)
		return 0;
	if (!utime)
		return cpu_ns;
	/* 20 bits of ratio without overflow: 2^44 ns are five hours. */
	if (sum >> 44) {
		sum >>= 20;
		stime >>= 20;
	}
	part = (stime << 20) / sum;
	return (cpu_ns >> 20) * part + (((cpu_ns & 0xfffff) * part) >> 20);
}

static __always_inline __u64 delta_growth(__u64 now, __u64 given)
{
	return now > given ? now - given : 0;
}

static __always_inline void delta_cpu(struct task_struct *task, const struct vigie_usage *delivered,
				      struct vigie_usage *ret)
{
	__u64 cpu = DELTA_TOTAL(task->se.sum_exec_runtime);
	__u64 inc = delta_growth(cpu, delivered->user_ns + delivered->system_ns);
	__u64 sys = delta_system_part(cpu, DELTA_TOTAL(task->utime), DELTA_TOTAL(task->stime));

	/* Neither part may ever run backwards, and together they are inc. */
	sys = delta_growth(sys, delivered->system_ns);
	if (sys > inc)
		sys = inc;
	ret->system_ns = sys;
	ret->user_ns = inc - sys;
}

/* The switch probe's state and sched_info of one task, read at one moment. */
struct waits {
	__u64 departed, delay, arrival, queued, run_delay, off[VIGIE_OFF_REASONS];
	__u64 false_ns, woken;
	__u32 wait_reason, state, moved;
};

/* What the kernel would say if it took no sleeper for waiting: see moved.bpf.h. */
static __always_inline void waits_correct(struct waits *w, __u64 moved_delay)
{
	if (w->moved) {
		w->run_delay = moved_delay;
		w->queued = 0;
	}
	w->run_delay -= w->false_ns;
	if (w->queued && w->queued < w->woken)
		w->queued = w->woken;
}

/*
 * False: a switch on another CPU was under way. The kernel, too, may be stopped in the middle of
 * its own stores: an arrival clears last_queued, adds to run_delay and only then sets
 * last_arrival. So the state is read after them: who is being put on a CPU is runnable, and
 * asleep is only who is not, and has not arrived by the end.
 */
static __always_inline bool waits_read(struct task_struct *task, struct task_state *st,
				       struct waits *w, struct vigie_usage *ret)
{
	__u64 moved_delay, departed;
	bool stale = state_stale(st);
	int i;

	w->departed = departed_get(st);
	if (w->departed == DEPARTED_NOW)
		return false;
	w->moved = *(volatile __u32 *)&st->moved;
	w->false_ns = *(volatile __u64 *)&st->false_ns;
	w->woken = st->woken_ns;
	moved_delay = st->moved_delay;
	w->delay = st->delay_ns;
	w->wait_reason = st->wait_reason;
	for (i = 0; i < VIGIE_OFF_REASONS; i++)
		w->off[i] = st->off_ns[i];
	for (i = 0; i < VIGIE_BUCKETS; i++)
		ret->wait_count[i] = st->wait_count[i] - st->delivered.wait_count[i];
	w->arrival = task->sched_info.last_arrival;
	barrier();
	w->queued = task->sched_info.last_queued;
	barrier();
	w->run_delay = task->sched_info.run_delay;
	barrier();
	w->state = compat_state(task);
	barrier();
	if (w->arrival != task->sched_info.last_arrival ||
	    w->moved != *(volatile __u32 *)&st->moved ||
	    w->false_ns != *(volatile __u64 *)&st->false_ns)
		return false;
	waits_correct(w, moved_delay);
	departed = w->departed;
	if (stale) { /* all that the kernel says, and nothing that is under way */
		w->departed = 0;
		w->delay = w->run_delay;
	}
	return departed == departed_get(st);
}

/*
 * The absence that is under way, or that ended without a switch since, as far as it has passed:
 * a long sleep is credited so, not in one lump when it ends. A task that is runnable but in no
 * queue is between two: the next pass hands out its time.
 */
static __always_inline __u64 waits_under_way(const struct waits *w, __u64 now)
{
	__u64 end = now;

	if (!now || !w->departed)
		return 0;
	if (w->arrival > w->departed)
		end = w->arrival;
	else if (w->queued >= w->departed)
		end = w->queued;
	else if (!w->state)
		return 0;
	return delta_growth(end, w->departed + delta_growth(w->run_delay, w->delay));
}

/*
 * The wait under way, or the last one if it ended without a switch-out since: a long wait shows
 * while it lasts, too. What its moves between CPUs ended of it, run_delay has already.
 */
static __always_inline __u64 waits_so_far(const struct waits *w, __u64 now)
{
	__u64 ended = delta_growth(w->run_delay, w->delay);

	if (!now || !w->departed || w->arrival > w->departed || !w->queued)
		return ended;
	/* Of a wait that began before we looked, the rest: delta_base(). */
	return ended + delta_growth(now, w->queued > w->departed ? w->queued : w->departed);
}

static __always_inline void delta_waits_of(const struct waits *w, const struct task_state *st,
					   __u64 now, struct vigie_usage *ret)
{
	__u64 under_way = waits_under_way(w, now);
	__u32 i;

	ret->wait_ns = delta_growth(w->delay + waits_so_far(w, now), st->delivered.wait_ns);
	for (i = 0; i < VIGIE_OFF_REASONS; i++)
		ret->off_ns[i] = delta_growth(w->off[i] + (i == w->wait_reason ? under_way : 0),
					      st->delivered.off_ns[i]);
}

/* Waits and off-CPU time. now is the clock of the run queue that we run on, 0 for a dead task. */
static __always_inline void delta_waits(struct task_struct *task, struct task_state *st, __u64 now,
					struct vigie_usage *ret)
{
	struct waits w;

	/* The second try finds the switch done; if not, the next pass hands all of it out. */
	if (waits_read(task, st, &w, ret) || waits_read(task, st, &w, ret)) {
		delta_waits_of(&w, st, now, ret);
		return;
	}
	__builtin_memset(ret->wait_count, 0, sizeof(ret->wait_count));
	__builtin_memset(ret->off_ns, 0, sizeof(ret->off_ns));
	ret->wait_ns = 0;
}

static __always_inline void delta_rare(const struct task_state *st, struct vigie_usage *ret)
{
	__u64 told = 0;
	__u32 i;

	for (i = 0; i < VIGIE_STALLS; i++)
		ret->stall_ns[i] = st->stall_ns[i] - st->delivered.stall_ns[i];
	ret->oom_kills = st->oom_killed - st->delivered.oom_kills;
	ret->starts = (st->started == STATE_PROCESS) - st->delivered.starts;
	ret->thread_starts = (st->started == STATE_THREAD) - st->delivered.thread_starts;
	/* Once: the kind may be corrected after it was handed out (two last threads before 6.16). */
	for (i = 0; i < VIGIE_EXITS; i++)
		told += st->delivered.exits[i];
	for (i = 0; i < VIGIE_EXITS; i++)
		ret->exits[i] = !told && st->exited == i + 1;
}

/* Without CONFIG_TASK_IO_ACCOUNTING the fields do not exist. */
static __always_inline __u64 delta_read_bytes(struct task_struct *task)
{
	return bpf_core_field_exists(task->ioac.read_bytes) ? task->ioac.read_bytes : 0;
}

static __always_inline __u64 delta_written_bytes(struct task_struct *task)
{
	return bpf_core_field_exists(task->ioac.write_bytes) ? task->ioac.write_bytes : 0;
}

/* Without CONFIG_TASK_XACCT neither do these. */
static __always_inline __u64 delta_read_chars(struct task_struct *task)
{
	return bpf_core_field_exists(task->ioac.rchar) ? task->ioac.rchar : 0;
}

static __always_inline __u64 delta_written_chars(struct task_struct *task)
{
	return bpf_core_field_exists(task->ioac.wchar) ? task->ioac.wchar : 0;
}

static __always_inline void delta_counters(struct task_struct *task,
					   const struct vigie_usage *delivered,
					   struct vigie_usage *ret)
{
	ret->voluntary_switches = DELTA_TOTAL(task->nvcsw) - delivered->voluntary_switches;
	ret->involuntary_switches = DELTA_TOTAL(task->nivcsw) - delivered->involuntary_switches;
	ret->migrations = DELTA_TOTAL(task->se.nr_migrations) - delivered->migrations;
	ret->minor_faults = DELTA_TOTAL(task->min_flt) - delivered->minor_faults;
	ret->major_faults = DELTA_TOTAL(task->maj_flt) - delivered->major_faults;
	ret->read_bytes = DELTA_TOTAL(delta_read_bytes(task)) - delivered->read_bytes;
	ret->written_bytes = DELTA_TOTAL(delta_written_bytes(task)) - delivered->written_bytes;
	ret->read_chars = DELTA_TOTAL(delta_read_chars(task)) - delivered->read_chars;
	ret->written_chars = DELTA_TOTAL(delta_written_chars(task)) - delivered->written_chars;
}

/* ret may be the state's own delivered, as long as that is 0: see delta_base(). */
static __always_inline void delta_since(struct task_struct *task, struct task_state *st, __u64 now,
					struct vigie_usage *ret)
{
	delta_cpu(task, &st->delivered, ret);
	delta_waits(task, st, now, ret);
	delta_counters(task, &st->delivered, ret);
	delta_rare(st, ret);
}

static __always_inline void delta_commit(struct task_state *st, const struct vigie_usage *inc)
{
	__u64 *delivered = (__u64 *)&st->delivered;
	const __u64 *add = (const __u64 *)inc;
	int i;

#pragma unroll
	for (i = 0; i < VIGIE_USAGE_WORDS; i++)
		delivered[i] += add[i];
}

/*
 * The baseline of a task that began before we attached: its past is charged to no group. All that
 * an empty state would hand out is that past, whatever is counted. Its next switch must not put its
 * whole life into one bucket, and a sleep under way counts from now. st is 0, and not the task's yet:
 * a switch must not find it half filled.
 */
static __always_inline void delta_base(struct task_struct *task, struct task_state *st, __u64 now)
{
	__u64 queued = task->sched_info.last_queued;
	__u32 state = compat_state(task);

	st->delay_ns = DELTA_TOTAL(task->sched_info.run_delay);
	st->run_ns = DELTA_TOTAL(task->se.sum_exec_runtime);
	delta_since(task, st, 0, &st->delivered);
	/* A wait under way counts from now: what of it has passed, run_delay will get as it ends. */
	if (queued && !state && now > queued) {
		st->delay_ns += now - queued;
		st->departed = now;
		st->wait_reason = VIGIE_OFF_RUNNABLE;
	}
	/* A look that a switch disturbed goes without waits, and they are no less of the past. */
	st->delivered.wait_ns = st->delay_ns;
	if (task->exit_state)
		st->exited = STATE_EXITED_BEFORE;
	else if (state && !(state & TASK_DEAD)) {
		st->departed = now;
		st->wait_reason = off_reason(task, state, false);
	}
}

#endif
