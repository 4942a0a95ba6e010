/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * give.bpf.h - the increments of a task since they were last handed out.
 *
 * Invariant: given + what give_since() returns = the task's totals, in every field, so an
 * increment is delivered once, by the iterator while the task lives or by the free hook. What a task
 * had before we attached is charged to no group by the same function, so a counter that is added to
 * give_since() needs no line anywhere else.
 */
#ifndef VIGIE_GIVE_BPF_H
#define VIGIE_GIVE_BPF_H

#include "state.bpf.h"
#include "switch.bpf.h"
#include "departure.bpf.h"

/* A total of the kernel's. A test adds a past here, which nobody must be handed. */
#ifndef GIVE_TOTAL
#define GIVE_TOTAL(total) (total)
#endif

/*
 * The system part of cpu_ns in the ratio of stime to utime + stime, both tick-sampled:
 * what the kernel's cputime_adjust() shows in /proc/PID/stat.
 */
static __always_inline __u64 give_system_part(__u64 cpu_ns, __u64 utime, __u64 stime)
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

static __always_inline __u64 give_growth(__u64 now, __u64 given)
{
	return now > given ? now - given : 0;
}

static __always_inline void give_cpu(struct task_struct *task, const struct vigie_usage *given,
				     struct vigie_usage *ret)
{
	__u64 cpu = GIVE_TOTAL(task->se.sum_exec_runtime);
	__u64 inc = give_growth(cpu, given->user_ns + given->system_ns);
	__u64 sys = give_system_part(cpu, GIVE_TOTAL(task->utime), GIVE_TOTAL(task->stime));

	/* Neither part may ever run backwards, and together they are inc. */
	sys = give_growth(sys, given->system_ns);
	if (sys > inc)
		sys = inc;
	ret->system_ns = sys;
	ret->user_ns = inc - sys;
}

/* The switch probe's state and sched_info of one task, read at one moment. */
struct waits {
	__u64 departed, delay, arrival, queued, run_delay, off[VIGIE_OFF_REASONS];
	__u32 why, state;
};

/*
 * False: a switch on another CPU was under way. The kernel, too, may be stopped in the middle of
 * its own stores: an arrival clears last_queued, adds to run_delay and only then sets
 * last_arrival. So the state is read after them: who is being put on a CPU is runnable, and
 * asleep is only who is not, and has not arrived by the end.
 */
static __always_inline bool waits_read(struct task_struct *task, struct task_state *st,
				       struct waits *w, struct vigie_usage *ret)
{
	int i;

	w->departed = departed_get(st);
	if (w->departed == DEPARTED_NOW)
		return false;
	w->delay = st->delay_ns;
	w->why = st->why;
	for (i = 0; i < VIGIE_OFF_REASONS; i++)
		w->off[i] = st->off_ns[i];
	for (i = 0; i < VIGIE_BUCKETS; i++)
		ret->wait_count[i] = st->wait_count[i] - st->given.wait_count[i];
	w->arrival = task->sched_info.last_arrival;
	barrier();
	w->queued = task->sched_info.last_queued;
	barrier();
	w->run_delay = task->sched_info.run_delay;
	barrier();
	w->state = compat_state(task);
	barrier();
	if (w->arrival != task->sched_info.last_arrival)
		return false;
	return w->departed == departed_get(st);
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
	return give_growth(end, w->departed + give_growth(w->run_delay, w->delay));
}

static __always_inline void give_waits_of(const struct waits *w, const struct task_state *st,
					  __u64 now, struct vigie_usage *ret)
{
	__u64 under_way = waits_under_way(w, now);
	__u32 i;

	ret->wait_ns = give_growth(w->delay, st->given.wait_ns);
	for (i = 0; i < VIGIE_OFF_REASONS; i++)
		ret->off_ns[i] = give_growth(w->off[i] + (i == w->why ? under_way : 0),
					     st->given.off_ns[i]);
}

/* Waits and off-CPU time. now is the clock of the run queue that we run on, 0 for a dead task. */
static __always_inline void give_waits(struct task_struct *task, struct task_state *st, __u64 now,
				       struct vigie_usage *ret)
{
	struct waits w;

	/* The second try finds the switch done; if not, the next pass hands all of it out. */
	if (waits_read(task, st, &w, ret) || waits_read(task, st, &w, ret)) {
		give_waits_of(&w, st, now, ret);
		return;
	}
	__builtin_memset(ret->wait_count, 0, sizeof(ret->wait_count));
	__builtin_memset(ret->off_ns, 0, sizeof(ret->off_ns));
	ret->wait_ns = 0;
}

static __always_inline void give_rare(const struct task_state *st, struct vigie_usage *ret)
{
	__u64 told = 0;
	__u32 i;

	for (i = 0; i < VIGIE_STALLS; i++)
		ret->stall_ns[i] = st->stall_ns[i] - st->given.stall_ns[i];
	ret->oom_kills = st->oom_killed - st->given.oom_kills;
	ret->starts = st->started - st->given.starts;
	/* Once: the kind may be corrected after it was handed out (two last threads before 6.16). */
	for (i = 0; i < VIGIE_EXITS; i++)
		told += st->given.exits[i];
	for (i = 0; i < VIGIE_EXITS; i++)
		ret->exits[i] = !told && st->exited == i + 1;
}

/* Without CONFIG_TASK_IO_ACCOUNTING the fields do not exist. */
static __always_inline __u64 give_read_bytes(struct task_struct *task)
{
	return bpf_core_field_exists(task->ioac.read_bytes) ? task->ioac.read_bytes : 0;
}

static __always_inline __u64 give_written_bytes(struct task_struct *task)
{
	return bpf_core_field_exists(task->ioac.write_bytes) ? task->ioac.write_bytes : 0;
}

/* Without CONFIG_TASK_XACCT neither do these. */
static __always_inline __u64 give_read_chars(struct task_struct *task)
{
	return bpf_core_field_exists(task->ioac.rchar) ? task->ioac.rchar : 0;
}

static __always_inline __u64 give_written_chars(struct task_struct *task)
{
	return bpf_core_field_exists(task->ioac.wchar) ? task->ioac.wchar : 0;
}

static __always_inline void give_counters(struct task_struct *task, const struct vigie_usage *given,
					  struct vigie_usage *ret)
{
	ret->voluntary_switches = GIVE_TOTAL(task->nvcsw) - given->voluntary_switches;
	ret->involuntary_switches = GIVE_TOTAL(task->nivcsw) - given->involuntary_switches;
	ret->migrations = GIVE_TOTAL(task->se.nr_migrations) - given->migrations;
	ret->minor_faults = GIVE_TOTAL(task->min_flt) - given->minor_faults;
	ret->major_faults = GIVE_TOTAL(task->maj_flt) - given->major_faults;
	ret->read_bytes = GIVE_TOTAL(give_read_bytes(task)) - given->read_bytes;
	ret->written_bytes = GIVE_TOTAL(give_written_bytes(task)) - given->written_bytes;
	ret->read_chars = GIVE_TOTAL(give_read_chars(task)) - given->read_chars;
	ret->written_chars = GIVE_TOTAL(give_written_chars(task)) - given->written_chars;
}

/* ret may be the state's own given, as long as that is 0: see give_base(). */
static __always_inline void give_since(struct task_struct *task, struct task_state *st, __u64 now,
				       struct vigie_usage *ret)
{
	give_cpu(task, &st->given, ret);
	give_waits(task, st, now, ret);
	give_counters(task, &st->given, ret);
	give_rare(st, ret);
}

static __always_inline void give_commit(struct task_state *st, const struct vigie_usage *inc)
{
	__u64 *given = (__u64 *)&st->given;
	const __u64 *add = (const __u64 *)inc;
	int i;

#pragma unroll
	for (i = 0; i < VIGIE_USAGE_WORDS; i++)
		given[i] += add[i];
}

/*
 * The baseline of a task that began before we attached: its past is charged to no group. All that
 * an empty state would hand out is that past, whatever is counted. Its next switch must not put its
 * whole life into one bucket, and a sleep under way counts from now. st is 0, and not the task's yet:
 * a switch must not find it half filled.
 */
static __always_inline void give_base(struct task_struct *task, struct task_state *st, __u64 now)
{
	__u32 state = compat_state(task);

	st->delay_ns = GIVE_TOTAL(task->sched_info.run_delay);
	st->run_ns = GIVE_TOTAL(task->se.sum_exec_runtime);
	give_since(task, st, 0, &st->given);
	/* A look that a switch disturbed goes without waits, and they are no less of the past. */
	st->given.wait_ns = st->delay_ns;
	if (task->exit_state)
		st->exited = STATE_EXITED_BEFORE;
	else if (state && !(state & TASK_DEAD)) {
		st->departed = now;
		st->why = off_reason(task, state, false);
	}
}

#endif
