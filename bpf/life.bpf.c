// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * life.bpf.c - owns exec, exit, the end, and the maps of retired totals.
 *
 * Identity, exit status and names are taken at sched_process_exit, while the leader is sure
 * to exist; totals are final only at sched_process_free, which RCU runs late and on another
 * task's back. There the remainder that no iterator record carried is folded into the map
 * of the current epoch, and what does not fit into its "other" slot: no event to lose.
 */
#include "state.bpf.h"
#include "identity.bpf.h"
#include "delta.bpf.h"
#include "exit.bpf.h"
#include "peak.bpf.h"
#include "life.bpf.h"

struct retired_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VIGIE_RETIRED_MAX);
	__type(key, struct vigie_key);
	__type(value, struct vigie_retired);
};
struct retired_map retired_0 SEC(".maps");
struct retired_map retired_1 SEC(".maps");

/*
 * Their elements are allocated as they are needed, from a few that each CPU keeps at hand and fills up
 * by irq_work: on PREEMPT_RT a thread does that, later than the next of the dead. These have theirs.
 */
struct spare_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VIGIE_RETIRED_SPARE);
	__type(key, struct vigie_key);
	__type(value, struct vigie_retired);
};
struct spare_map spare_0 SEC(".maps");
struct spare_map spare_1 SEC(".maps");

/* Index: epoch. What found no room in the hash of that epoch. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VIGIE_EPOCHS);
	__type(key, __u32);
	__type(value, struct vigie_retired);
} retired_other SEC(".maps");

/* Too big for the stack. RCU callbacks of one CPU run one after the other. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vigie_usage);
} unpaid SEC(".maps");

/* A copy of the state of a task whose own cannot be had: see state_of_dead(). */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct task_state);
} orphans SEC(".maps");

/* Set by user space. */
volatile __u32 tasks_map_id = 0;
volatile __u64 attached_ns = 0;

static const struct vigie_retired nothing;

static __always_inline struct vigie_retired *retired_entry(void *map, const struct vigie_key *key)
{
	struct vigie_retired *entry = bpf_map_lookup_elem(map, key);

	if (entry)
		return entry;
	/* -EEXIST: another CPU was faster. Any other failure shows in the lookup. */
	bpf_map_update_elem(map, key, &nothing, BPF_NOEXIST);
	return bpf_map_lookup_elem(map, key);
}

static __always_inline struct vigie_retired *retired_slot(const struct vigie_key *key)
{
	__u32 e = epoch & 1;
	struct vigie_retired *entry;

	if (e)
		entry = retired_entry(&retired_1, key) ?: retired_entry(&spare_1, key);
	else
		entry = retired_entry(&retired_0, key) ?: retired_entry(&spare_0, key);
	if (entry)
		return entry;
	count_loss(VIGIE_LOSS_RETIRED_FULL);
	return bpf_map_lookup_elem(&retired_other, &e);
}

static __always_inline void retired_add(struct vigie_retired *entry, const struct vigie_usage *inc,
					__u64 peak_pages)
{
	__u64 *sum = (__u64 *)&entry->inc;
	const __u64 *add = (const __u64 *)inc;
	int i;

#pragma unroll
	for (i = 0; i < VIGIE_USAGE_WORDS; i++)
		if (add[i])
			__sync_fetch_and_add(&sum[i], add[i]);
	__sync_fetch_and_add(&entry->tasks, 1);
	/* Two CPUs at once may keep the lower of two peaks: rare, and the next one mends it. */
	if (peak_pages > entry->peak_pages)
		entry->peak_pages = peak_pages;
}

static __always_inline __u32 process_exit_how(struct task_struct *leader)
{
	struct signal_struct *signal = leader->signal;

	if (signal->flags & SIGNAL_GROUP_EXIT)
		return exit_how(signal->group_exit_code);
	return exit_how(leader->exit_code);
}

/* Assigned, not added: before 6.16 two last threads can both see live == 0. */
static __always_inline void process_end(struct task_struct *leader, struct task_state *st)
{
	st->exited = 1 + process_exit_how(leader);
	st->oom_killed = leader->signal->oom_mm != NULL; /* set when the OOM killer chose it */
}

static __always_inline void process_exited(struct task_struct *task, struct task_struct *leader)
{
	struct task_state *st = state_lookup(leader);

	if (!st)
		return;
	process_end(leader, st);
	peak_last(task, st);
}

static __always_inline void task_exited(struct task_struct *task, bool group_dead)
{
	struct task_struct *leader = task->group_leader;
	struct task_state *st = state_lookup(task);

	if (group_dead)
		process_exited(task, leader);
	if (!st)
		return;
	identity_key(task, leader, st->exe, &st->key);
	st->keyed = 1;
}

SEC("tp_btf/sched_process_exit")
int on_exit(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	bool dead;

	if (bpf_core_type_exists(btf_trace_sched_process_exit___dead))
		dead = ctx[1];
	else
		dead = task->signal->live.counter == 0;
	task_exited(task, dead);
	return 0;
}

/*
 * What was resident before is not the new program's. And when grouping by executable this is
 * the time to read it: after the exit hook the mm may be gone.
 */
SEC("tp_btf/sched_process_exec")
int on_exec(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct task_state *st = state_lookup(task);

	if (!st)
		return 0;
	st->peak_pages = 0;
	st->high_before_exec = task->signal->maxrss;
	if (cfg_group_by & VIGIE_BY_EXE)
		identity_exe(task, st->exe);
	return 0;
}

/* What the storage of the task holds, read like any memory. False: it is not in the cache. */
static __always_inline bool state_copy(struct bpf_local_storage *storage, struct task_state *ret)
{
	struct bpf_local_storage_data *data;
	__u64 state;
	int i;

#pragma unroll
	for (i = 0; i < 16; i++) {
		data = BPF_CORE_READ(storage, cache[i]);
		if (!data || BPF_CORE_READ(data, smap, map.id) != tasks_map_id)
			continue;
		state = (__u64)data + bpf_core_field_offset(struct bpf_local_storage_data, data);
		return !bpf_probe_read_kernel(ret, sizeof(*ret), (void *)state);
	}
	return false;
}

/*
 * Before 6.2 a lookup of storage fails, and at all times a creation can, while the same CPU is inside
 * another one (we run from a softirq). A dead task changes no more, so a copy of its state is as good.
 * And if it never had any, be it that its fork was not seen, or that the hash was full, nothing of it
 * was ever handed out: all of it is due.
 */
static __always_inline struct task_state *state_of_dead(struct task_struct *task)
{
	struct task_state *st = state_lookup(task), *copy;
	__u32 zero = 0;

	if (st) {
		state_count(1);
		return st;
	}
	copy = bpf_map_lookup_elem(&orphans, &zero);
	if (!copy)
		return NULL;
	/* Others keep storage of tasks, too: that there is some does not mean that ours is. */
	if (cfg_lookup_fails && task->bpf_storage) {
		if (!state_copy(task->bpf_storage, copy))
			return NULL;
		state_count(1);
		return copy;
	}
	if (!born_attached(task))
		return NULL;
	bpf_probe_read_kernel(copy, sizeof(*copy), &no_state);
	copy->started = state_started_as(task);
	count_birth(copy->started == STATE_PROCESS);
	return copy;
}

static __always_inline void task_freed(struct task_struct *task)
{
	struct task_state *st = state_of_dead(task);
	struct vigie_cpu *cpu = this_cpu();
	struct vigie_retired *entry;
	struct vigie_usage *inc;
	__u32 zero = 0;

	if (cpu)
		cpu->frees++;
	if (!st) {
		count_loss(VIGIE_LOSS_RETIRED_STATELESS);
		return;
	}
	if (!st->keyed) /* the exit hook found no state, or was not there yet */
		identity_key(task, task, st->exe, &st->key);
	if (task->pid == task->tgid && !st->exited)
		process_end(task, st);
	if (cpu)
		cpu->process_exits += st->exited && st->exited != STATE_EXITED_BEFORE;
	inc = bpf_map_lookup_elem(&unpaid, &zero);
	entry = retired_slot(&st->key);
	if (inc && entry) {
		delta_since(task, st, 0, inc);
		retired_add(entry, inc, st->peak_pages);
	}
	state_delete(task);
}

SEC("tp_btf/sched_process_free")
int on_free(__u64 *ctx)
{
	task_freed((struct task_struct *)ctx[0]);
	return 0;
}
