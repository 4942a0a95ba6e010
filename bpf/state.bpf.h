/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * state.bpf.h - the state that is kept of every task, and how to reach it.
 *
 * The maps are defined in state.bpf.c. A task is switched out on one CPU at a time, so the
 * switch probe writes without atomics; "delivered" is written by the iterator and, when no
 * iterator can see the task any more, by the free hook.
 */
#ifndef VIGIE_STATE_BPF_H
#define VIGIE_STATE_BPF_H

#include "compat.bpf.h"
#include "cpus.bpf.h"
#include "shed.bpf.h"

enum { STATE_EXITED_BEFORE = 255 }; /* exited: it was a zombie before we attached */
enum { STATE_OFF_SLOTS = 8 }; /* a power of two over VIGIE_OFF_RUNNABLE */

enum state_started { STATE_OLDER = 0, STATE_PROCESS = 1, STATE_THREAD = 2 };

/* A birth is counted by whoever made the state, be it the fork or the iterator that was first. */
enum state_counted { STATE_NOT_COUNTED = 0, STATE_COUNTED = 1, STATE_FOUND = 2 };

struct task_state {
	/* The switch probe's, and the iterator's of a sleeper that nobody looked at: departure.bpf.h. */
	__u64 delay_ns; /* true run_delay at the last switch-out */
	__u64 run_ns; /* sum_exec_runtime at the last switch-out */
	__u64 departed; /* rq clock at the last switch-out: differs each time; 0: not known, or dead */
	__u32 wait_reason; /* enum vigie_off: why it left */
	__u32 generation; /* of all this: see shed.bpf.h */
	/* Of run_delay, what was sleep: moved.bpf.h, and throttled() of switch.bpf.c. */
	__u64 false_ns;
	__u32 moved; /* 1: it sleeps, and the kernel takes it for waiting */
	__u16 counted; /* enum state_counted: whether its birth is in vigie_cpu.forks */
	__u16 recorded; /* 1: a whole record was handed out, see shown_* */
	__u64 off_ns[STATE_OFF_SLOTS]; /* from VIGIE_OFF_RUNNABLE on: never read */
	__u64 wait_count[VIGIE_BUCKETS];
	__u64 moved_delay; /* while moved: run_delay as it was when that began */
	__u64 woken_ns; /* rq clock as that last ended: its wait began then, whatever last_queued says */
	/* Rare events, by the task itself or on its behalf. */
	__u64 stall_begin; /* CLOCK_MONOTONIC; 0: none under way */
	__u64 stall_ns[VIGIE_STALLS];
	__u64 peak_pages; /* highest resident seen by this task since the last record */
	/* Of a leader: the kernel's own high-water mark as it was last handed out, see peak.bpf.h. */
	__u64 high_mm; /* which mm_struct's; 0: none yet */
	__u64 high_pages;
	__u64 high_before_exec; /* signal->maxrss as the program began: others' memory, perhaps */
	__u32 oom_killed; /* 1: the process died so */
	__u32 keyed; /* 1: key was filled in as the task exited */
	__u32 started; /* enum state_started: what began while we were attached */
	__u32 exited; /* 1 + enum vigie_exit once the whole process has exited */
	/* What the last whole record had: while it is unchanged, a short one is enough. */
	__u64 shown_cgroups; /* task->cgroups */
	__u64 shown_parent; /* task->real_parent */
	__u64 shown_pages; /* compat_mm_resident() */
	/* Everything that was handed out, ever. */
	struct vigie_usage delivered;
	struct vigie_key key; /* valid if keyed */
	char exe[VIGIE_EXE_LEN];
};

struct tasks_map {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_state);
};
extern struct tasks_map tasks SEC(".maps");

/* Keyed by the address of the task_struct: immune to PID reuse while the entry lives. */
struct tasks_hash_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VIGIE_TASKS_MAX);
	__type(key, __u64);
	__type(value, struct task_state);
};
extern struct tasks_hash_map tasks_hash SEC(".maps");

static __always_inline struct task_state *state_lookup(struct task_struct *task)
{
	__u64 key;

	if (cfg_task_storage)
		return bpf_task_storage_get(&tasks, task, NULL, 0);
	key = (__u64)task;
	return bpf_map_lookup_elem(&tasks_hash, &key);
}

static const struct task_state no_state;

/*
 * How many more tasks may have a state. Counted here as they come and go, and set anew by user space
 * with each snapshot: what a probe that was skipped did not count lasts no longer. Two CPUs at once may
 * overdraw it by one each.
 */
extern volatile __s64 task_room;

static __always_inline bool state_has_room(void)
{
	return !cfg_max_tasks || task_room > 0;
}

/* n: -1 for a state that was made, 1 for one that goes. */
static __always_inline void state_count(__s64 n)
{
	if (cfg_max_tasks)
		__sync_fetch_and_add(&task_room, n);
}

/* What it says of the task's last switch-out is of a time before nobody looked. */
static __always_inline bool state_stale(const struct task_state *st)
{
	return *(const volatile __u32 *)&st->generation != generation;
}

static __always_inline enum state_started state_started_as(struct task_struct *task)
{
	return task->pid == task->tgid ? STATE_PROCESS : STATE_THREAD;
}

/*
 * For tasks that have none yet. It begins as first, which is in a map, or all 0 if that is NULL:
 * whoever finds it finds it filled. NULL is counted by the caller, who knows what it means.
 */
static __always_inline struct task_state *state_create(struct task_struct *task,
						       const struct task_state *first)
{
	struct task_state *st;
	__u64 key;

	if (cfg_task_storage) {
		st = bpf_task_storage_get(&tasks, task, (void *)first,
					  BPF_LOCAL_STORAGE_GET_F_CREATE);
		if (st)
			state_count(-1);
		return st;
	}
	key = (__u64)task;
	if (!bpf_map_update_elem(&tasks_hash, &key, first ? (void *)first : (void *)&no_state,
				 BPF_NOEXIST))
		state_count(-1);
	return bpf_map_lookup_elem(&tasks_hash, &key);
}

/* The hash does not free with the task; a no-op with task storage. */
static __always_inline void state_delete(struct task_struct *task)
{
	__u64 key = (__u64)task;

	if (!cfg_task_storage)
		bpf_map_delete_elem(&tasks_hash, &key);
}

#endif
