// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * logic.bpf.c - wrappers that let user space call the logic of the probes.
 *
 * Owns: one SEC("?syscall") program for each function under test, and the maps that stand in
 * for task storage. The kernel refuses to test-run tp_btf and iter programs. A task_struct
 * cannot be made up: where one is needed it is the caller's own.
 */
#include "compat.bpf.h"

#define DEPARTURE_STEP(n) look_between(n)
static __always_inline void look_between(unsigned int step);
#include "switch.bpf.h"
__u64 past = 0; /* what each of the kernel's totals had before we came */
#define DELTA_TOTAL(total) ((total) + *(volatile __u64 *)&past)
#include "delta.bpf.h"
#include "culprit.bpf.h"
#include "exit.bpf.h"
#include "logic.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct task_state);
} states SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vigie_usage);
} increments SEC(".maps");

SEC("?syscall")
int logic_bucket(struct logic_bucket *ctx)
{
	ctx->bucket = bucket_of(ctx->ns);
	return 0;
}

SEC("?syscall")
int logic_off_reason(struct logic_off_reason *ctx)
{
	ctx->reason = off_reason_of(ctx->state, ctx->preempt, ctx->memstall, ctx->iowait);
	return 0;
}

SEC("?syscall")
int logic_system_part(struct logic_system_part *ctx)
{
	ctx->part = delta_system_part(ctx->cpu_ns, ctx->utime, ctx->stime);
	return 0;
}

SEC("?syscall")
int logic_exit(struct logic_exit *ctx)
{
	ctx->how = exit_how(ctx->status);
	return 0;
}

SEC("?syscall")
int logic_cell(struct logic_cell *ctx)
{
	__u32 zero = 0;
	struct vigie_cpu *cpu = bpf_map_lookup_elem(&cpus, &zero);
	struct vigie_party names[2] = { { .tgid = ctx->victim, .cgroup_id = ctx->victim },
					{ .tgid = ctx->culprit, .cgroup_id = ctx->culprit } };
	struct vigie_delay *cell;
	__u32 at;

	if (!cpu)
		return 1;
	at = culprit_cell(cpu, ctx->epoch, names);
	ctx->found = at < VIGIE_DELAY_CELLS;
	if (!ctx->found)
		return 0;
	cell = &cpu->culprits[ctx->epoch & 1][at & (VIGIE_DELAY_CELLS - 1)];
	if (!cell->victim.tgid) {
		cell->victim = names[0];
		cell->culprit = names[1];
	}
	cell->waits++;
	return 0;
}

SEC("?syscall")
int logic_culprit(struct logic_culprit *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	ctx->cpu = bpf_get_smp_processor_id();
	culprit_wait(task, task, ctx->wait_ns, ctx->dead);
	return 0;
}

SEC("?syscall")
int logic_waits(struct logic_waits *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 zero = 0;
	struct task_state *st = bpf_map_lookup_elem(&states, &zero);
	struct vigie_usage *inc = bpf_map_lookup_elem(&increments, &zero);
	__u64 arrival = task->sched_info.last_arrival;
	struct waits w;

	if (!st || !inc)
		return 1;
	ctx->run_delay = task->sched_info.run_delay;
	st->departed = 0;
	if (ctx->before_arrival_ns)
		st->departed = arrival - ctx->before_arrival_ns;
	else if (ctx->after_arrival_ns)
		st->departed = arrival + ctx->after_arrival_ns;
	st->wait_reason = ctx->wait_reason;
	st->delay_ns = ctx->run_delay - ctx->waited_ns;
	st->moved = ctx->moved;
	st->moved_delay = ctx->run_delay - ctx->false_ns;
	st->false_ns = ctx->moved ? 0 : ctx->false_ns;
	st->woken_ns = 0;
	__builtin_memcpy(st->off_ns, ctx->off_ns, sizeof(ctx->off_ns));
	__builtin_memcpy(st->wait_count, ctx->wait_count, sizeof(ctx->wait_count));
	st->delivered = ctx->delivered;
	if (!waits_read(task, st, &w, inc)) {
		ctx->disturbed = 1;
		return 0;
	}
	w.state = !ctx->runnable; /* the caller's own is that of who runs */
	delta_waits_of(&w, st, ctx->after_departed_ns ? st->departed + ctx->after_departed_ns : 0,
		       inc);
	ctx->inc = *inc;
	ctx->disturbed = arrival != task->sched_info.last_arrival;
	return 0;
}

__u32 looks = 0;
__u64 handed_out[8] = {}, leaves_at = 0;

static __always_inline __u64 look(void)
{
	__u32 zero = 0;
	struct task_state *st = bpf_map_lookup_elem(&states, &zero);
	struct vigie_usage *inc = bpf_map_lookup_elem(&increments, &zero);

	if (!st || !inc)
		return 0;
	__builtin_memset(inc, 0, sizeof(*inc));
	delta_waits(bpf_get_current_task_btf(), st, leaves_at, inc);
	delta_commit(st, inc);
	return st->delivered.off_ns[VIGIE_OFF_SLEEP];
}

static __noinline int look_and_note(__u32 step)
{
	handed_out[step & 7] = look();
	return 0;
}

static __always_inline void look_between(unsigned int step)
{
	if (looks & (1 << step))
		look_and_note(step);
}

SEC("?syscall")
int logic_departure(struct logic_departure *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 arrival = task->sched_info.last_arrival;
	__u32 zero = 0;
	struct task_state *st = bpf_map_lookup_elem(&states, &zero);
	struct departure d = {
		.now = arrival + 1000,
		.delay = task->sched_info.run_delay,
		.away = ctx->away_ns,
		.wait_reason = VIGIE_OFF_SLEEP,
		.counted = true,
	};
	int i;

	if (!st)
		return 1;
	__builtin_memset(st, 0, sizeof(*st));
	st->off_ns[VIGIE_OFF_SLEEP] = ctx->off_ns;
	st->delay_ns = d.delay;
	st->wait_reason = VIGIE_OFF_SLEEP;
	st->departed = arrival - ctx->away_ns;
	leaves_at = d.now;
	looks = ctx->looks;
	if (looks >> 31)
		look_and_note(7);
	departure_store(st, &d);
	ctx->in_the_end = look();
	for (i = 0; i < 8; i++)
		ctx->handed_out[i] = handed_out[i];
	ctx->disturbed = arrival != task->sched_info.last_arrival;
	return 0;
}

SEC("?syscall")
int logic_again(struct logic_again *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 zero = 0;
	struct task_state *st = bpf_map_lookup_elem(&states, &zero);
	struct vigie_usage *inc = bpf_map_lookup_elem(&increments, &zero);
	struct departure d = {
		.now = 1000,
		.delay = task->sched_info.run_delay,
		.wait_reason = VIGIE_OFF_SLEEP,
	};

	if (!st || !inc)
		return 1;
	__builtin_memset(st, 0, sizeof(*st));
	__builtin_memset(inc, 0, sizeof(*inc));
	__builtin_memcpy(st->off_ns, ctx->off_ns, sizeof(ctx->off_ns));
	__builtin_memcpy(st->delivered.off_ns, ctx->delivered_ns, sizeof(ctx->delivered_ns));
	ctx->stale_before = state_stale(st);
	departure_again(st, &d);
	ctx->stale = state_stale(st);
	if (!ctx->stale) {
		d.away = ctx->away_ns;
		departure_store(st, &d);
		delta_waits(task, st, 0, inc);
	}
	__builtin_memcpy(ctx->handed_out, inc->off_ns, sizeof(ctx->handed_out));
	return 0;
}

SEC("?syscall")
int logic_delta(struct logic_delta *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 zero = 0;
	struct task_state *st = bpf_map_lookup_elem(&states, &zero);
	struct vigie_usage *inc = bpf_map_lookup_elem(&increments, &zero);

	if (!st || !inc)
		return 1;
	if (ctx->base)
		__builtin_memset(st, 0, sizeof(*st));
	st->exited = ctx->exited;
	ctx->cpu_before = task->se.sum_exec_runtime;
	if (ctx->base == 1)
		delta_base(task, st, 1);
	delta_since(task, st, 0, inc);
	delta_commit(st, inc);
	ctx->cpu_after = task->se.sum_exec_runtime;
	ctx->nvcsw = task->nvcsw;
	ctx->nivcsw = task->nivcsw;
	ctx->migrations = task->se.nr_migrations;
	ctx->min_flt = task->min_flt;
	ctx->maj_flt = task->maj_flt;
	ctx->inc = *inc;
	ctx->delivered = st->delivered;
	ctx->delay_ns = st->delay_ns;
	ctx->run_ns = st->run_ns;
	return 0;
}
