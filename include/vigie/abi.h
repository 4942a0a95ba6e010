/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * abi.h - everything that BPF programs and user space exchange.
 *
 * Owns: record layouts, enums, limits and loss causes. With abi_profile.h the only
 * headers that both worlds compile; it needs the fixed-width types of vmlinux.h or <linux/types.h>.
 * Not here: maps (bpf/), what user space derives (user/data/).
 *
 * Increments, not totals: the iterator and the retired map hand out what accrued
 * since the same task was last handed out. The kernel side remembers what it gave
 * away, so every nanosecond is delivered exactly once, whether its task still lives
 * or died in between, and user space keeps no state per task.
 */
#ifndef VIGIE_ABI_H
#define VIGIE_ABI_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

/*
 * Numbers marked "recorded" stand in recordings, which later builds read: append only. A new one
 * is the next, one that is dropped leaves a hole, none gets another meaning. What a recording
 * takes beside is listed in user/record/codec_words.h; tests/unit/test_record_numbers.c fails on
 * any other change.
 */

enum {
	VIGIE_COMM_LEN = 16, /* TASK_COMM_LEN, NUL included */
	VIGIE_EXE_LEN = 32, /* file name of the executable, cut, NUL included */
	VIGIE_BUCKETS = 12, /* histogram buckets: le = 1 us * 4^i, the last is +Inf */
	VIGIE_EPOCHS = 2, /* tables that are swapped: one fills while the other is read */
	VIGIE_DELAY_CELLS = 512, /* pairs of names a CPU can hold in one epoch */
	VIGIE_DELAY_PROCESSES = 128, /* and of processes */
	VIGIE_DELAY_PROBES = 4, /* cells tried before a pair is folded */
	VIGIE_TASKS_MAX = 32768, /* with a state, where the kernel has no task storage */
	VIGIE_RETIRED_MAX = 16384, /* keys of dead tasks an epoch can hold */
	VIGIE_RETIRED_SPARE = 128, /* and those that no memory was had for at once */
	VIGIE_CGROUP_TREES = 6, /* hierarchies that may name a process */
	VIGIE_CGROUP_TREE_SHIFT = 56, /* of its place in a cgroup's id: kernfs ids are far below */
	VIGIE_PATH_LEN = 512, /* cgroup path, cut, NUL included */
	VIGIE_MAX_CPUS = 1024, /* CPUs whose part of an mm counter can be read */
};

/* Why a task was off the CPU without wanting it. Index of vigie_usage.off_ns. Recorded. */
enum vigie_off {
	VIGIE_OFF_SLEEP = 0, /* TASK_INTERRUPTIBLE, idle kernel threads, stopped, traced */
	VIGIE_OFF_DISK = 1, /* TASK_UNINTERRUPTIBLE with in_iowait */
	VIGIE_OFF_MEMORY = 2, /* in_memstall: reclaim, swap-in, thrashing (needs PSI) */
	VIGIE_OFF_UNINTERRUPTIBLE = 3, /* TASK_UNINTERRUPTIBLE else: locks, events */
	VIGIE_OFF_REASONS,
	VIGIE_OFF_RUNNABLE = VIGIE_OFF_REASONS, /* preempted: that is run-queue wait */
};

/* Index of vigie_usage.stall_ns. Recorded. */
enum vigie_stall {
	VIGIE_STALL_RECLAIM = 0, /* direct reclaim, whole host short of memory */
	VIGIE_STALL_CGROUP_RECLAIM = 1, /* reclaim for the task's own memory limit */
	VIGIE_STALL_COMPACTION = 2, /* direct compaction */
	VIGIE_STALLS,
};

/* Index of vigie_usage.exits. Recorded. */
enum vigie_exit {
	VIGIE_EXIT_NORMAL = 0,
	VIGIE_EXIT_ERROR = 1,
	VIGIE_EXIT_SIGNAL = 2,
	VIGIE_EXITS,
};

/*
 * Index of rss_pages. The first four are mm counters, in the kernel's MM_FILEPAGES.. order, alike
 * on every kernel since 4.5; huge pages of hugetlbfs are in none of them. Recorded.
 */
enum vigie_rss {
	VIGIE_RSS_FILE = 0,
	VIGIE_RSS_ANON = 1,
	VIGIE_RSS_SWAP = 2,
	VIGIE_RSS_SHMEM = 3,
	VIGIE_RSS_COUNTERS,
	VIGIE_RSS_HUGETLB = VIGIE_RSS_COUNTERS, /* mm.hugetlb_usage, in pages of the usual size */
	VIGIE_RSS_KINDS,
};

/*
 * What a task used. All members are __u64, so that a usage can be summed as an array
 * (VIGIE_USAGE_WORDS); user_ns + system_ns is exactly the growth of sum_exec_runtime,
 * split in the ratio of utime to stime as the kernel's cputime_adjust() does. The order is free:
 * in a recording each has a number of its own (user/record/codec_words.c).
 */
struct vigie_usage {
	__u64 user_ns;
	__u64 system_ns;
	__u64 wait_ns; /* sched_info.run_delay of the waits counted below */
	__u64 wait_count[VIGIE_BUCKETS]; /* run-queue waits by length, not cumulative */
	__u64 off_ns[VIGIE_OFF_REASONS]; /* the wait that is under way included */
	__u64 voluntary_switches; /* nvcsw */
	__u64 involuntary_switches; /* nivcsw */
	__u64 migrations; /* se.nr_migrations */
	__u64 minor_faults; /* min_flt */
	__u64 major_faults; /* maj_flt */
	__u64 read_bytes; /* ioac.read_bytes: from storage */
	__u64 written_bytes; /* ioac.write_bytes: to storage */
	__u64 stall_ns[VIGIE_STALLS];
	__u64 oom_kills; /* processes that exited because the OOM killer chose them */
	__u64 starts; /* processes (not threads) that began */
	__u64 exits[VIGIE_EXITS]; /* processes that ended */
	__u64 read_chars; /* ioac.rchar: by read() and its kin, cached or not, pipes too */
	__u64 written_chars; /* ioac.wchar */
	__u64 thread_starts; /* threads that began, but for the first of a process */
};
enum { VIGIE_USAGE_WORDS = sizeof(struct vigie_usage) / sizeof(__u64) };

/* Recorded. */
enum vigie_task_flags {
	VIGIE_TASK_KTHREAD = 1 << 0,
	VIGIE_TASK_ZOMBIE = 1 << 1, /* has exited, is not yet reaped */
	VIGIE_TASK_UNTRACKED = 1 << 2, /* no state could be allocated: no increments */
	VIGIE_TASK_OTHER = 1 << 3, /* a retired key: what did not fit the map */
	VIGIE_TASK_ASLEEP = 1 << 4, /* the record is a vigie_asleep */
	VIGIE_TASK_SOME = 1 << 5, /* of a party: some processes of that name; tgid is one of them */
};

/* One task as iter/task writes it. A process is all records of one tgid. */
struct vigie_task {
	__u32 tid;
	__u32 tgid;
	__u32 ppid; /* tgid of real_parent */
	__u32 uid; /* cred->uid, initial user namespace */
	__u32 flags; /* enum vigie_task_flags */
	__u32 threads; /* signal->nr_threads */
	__u64 start_ns; /* start_boottime of the leader: CLOCK_BOOTTIME */
	__u64 cgroup_id; /* kernfs id in the hierarchy that the plan chose */
	__u64 life_cpu_ns; /* since the task began; a leader adds its dead threads */
	__u64 rss_pages[VIGIE_RSS_KINDS]; /* of the mm, alike in all threads */
	__u64 peak_pages; /* highest file+anon+shmem seen since the last record */
	char comm[VIGIE_COMM_LEN];
	char exe[VIGIE_EXE_LEN]; /* empty unless grouping by exe */
	struct vigie_usage inc;
};

/*
 * A task of which nothing changed since its last record but the time it sleeps: most tasks,
 * most of the time. Begins like a vigie_task, so that flags tell the two apart.
 */
struct vigie_asleep {
	__u32 tid;
	__u32 tgid;
	__u32 wait_reason; /* enum vigie_off */
	__u32 zero;
	__u32 flags; /* VIGIE_TASK_ASLEEP and perhaps VIGIE_TASK_KTHREAD */
	__u32 zero2;
	__u64 off_ns; /* increment of vigie_usage.off_ns[wait_reason] */
	__u64 life_cpu_ns; /* as in vigie_task */
};

/*
 * Under what a dead task is kept. Fields that the grouping does not need are zero, so
 * that a storm of short processes shares few keys. Padding is explicit: this is a key.
 */
struct vigie_key {
	__u64 cgroup_id;
	__u64 start_ns; /* of the leader; 0 unless grouping by pid */
	__u32 tgid; /* 0 unless grouping by pid */
	__u32 uid; /* 0 unless grouping by user */
	__u32 flags; /* VIGIE_TASK_KTHREAD, VIGIE_TASK_OTHER */
	__u32 zero;
	char comm[VIGIE_COMM_LEN]; /* of the leader as the task exited */
	char exe[VIGIE_EXE_LEN]; /* empty unless grouping by exe */
};

/* What the dead tasks of one key had accrued that no iterator record carried. */
struct vigie_retired {
	struct vigie_usage inc;
	__u64 peak_pages; /* highest of any single one of them */
	__u64 tasks; /* how many tasks this sums up */
};

/* Which process fields make up a group: they decide what a vigie_key carries. */
enum vigie_group_by {
	VIGIE_BY_CGROUP = 1 << 0,
	VIGIE_BY_COMM = 1 << 1,
	VIGIE_BY_EXE = 1 << 2,
	VIGIE_BY_USER = 1 << 3,
	VIGIE_BY_PID = 1 << 4,
};

/* One side of a slow wait: enough to find its group even after the process died. */
struct vigie_party {
	__u32 tgid; /* 0: the idle task, that is nobody */
	__u32 flags; /* VIGIE_TASK_KTHREAD */
	__u64 cgroup_id;
	char comm[VIGIE_COMM_LEN]; /* of the leader */
};

/*
 * A cell is one of all processes that have the two parties' names and cgroups: that is what groups are
 * made of, and a build has few of them and thousands of processes. Which ones: vigie_delay_process.
 */
struct vigie_delay {
	struct vigie_party victim; /* victim.tgid 0: the cell is free */
	struct vigie_party culprit; /* who ran on that CPU just before */
	__u64 wait_ns; /* in a cell: with what its former pairs had, see below */
	__u64 waits;
};

/* What a cell's former pairs had: only the rest of its sums is its present one's. */
struct vigie_delay_past {
	__u64 wait_ns;
	__u64 waits;
};

/* Of a cell, the part of two processes. Who has none has a part in the rest of that cell. */
struct vigie_delay_process {
	__u32 victim, culprit; /* tgid; victim 0: free */
	__u32 execs; /* of both: a program that is executed has another name */
	__u32 cell; /* index of the vigie_delay */
	__u32 cell_past; /* its vigie_delay_past.waits as it was this pair's */
	__u32 zero;
	__u64 wait_ns;
	__u64 waits;
};

/* Everything that can be lost, by cause. Counted on the CPU where it happened. Recorded. */
enum vigie_loss {
	VIGIE_LOSS_STATE_ALLOC = 0, /* no task state could be allocated at fork */
	VIGIE_LOSS_STATE_MISSING = 1, /* a switch of a task without state */
	VIGIE_LOSS_RETIRED_FULL = 2, /* dead tasks folded into the retired "other" */
	VIGIE_LOSS_RETIRED_STATELESS = 3, /* dead tasks without state: remainder unknown */
	VIGIE_LOSS_DELAY_FULL = 4, /* slow waits, or what a pair had, folded: no free cell */
	VIGIE_LOSS_RING_FULL = 5, /* OOM and cgroup events that found no room */
	VIGIE_LOSS_CLOCK_BACKWARDS = 6, /* negative off-CPU differences clamped to zero */
	VIGIE_LOSS_WAKEUP_MISSED = 7, /* of a moved sleeper: its wait counted as sleep */
	VIGIE_LOSS_RUN_MISSED = 8, /* a probe that the kernel skipped: it ran on that CPU already */
	VIGIE_LOSS_SHED = 9, /* switches of which not all was looked at: see enum vigie_shed */
	VIGIE_LOSS_TASKS_FULL = 10, /* a task began when as many had a state as may */
	VIGIE_LOSSES,
};

/*
 * Parts of the probes at switches and wakeups that are off while vigie costs too much. They go in this order, each
 * with those before it. Recorded.
 */
enum vigie_shed {
	VIGIE_SHED_CULPRITS = 1 << 0, /* of slow waits */
	VIGIE_SHED_HISTOGRAMS = 1 << 1, /* of waits and time slices */
	VIGIE_SHED_REASONS = 1 << 2, /* off-CPU time */
	VIGIE_SHED_MOVED = 1 << 3, /* what of run_delay is sleep: bpf/moved.bpf.h */
};

/* Host-wide histogram of time slices, one CPU's part. */
struct vigie_slices {
	__u64 sum_ns;
	__u64 count[VIGIE_BUCKETS];
	__u64 zero[3]; /* to a power of two: the switch probe indexes this by CPU */
};

/*
 * One CPU's slot of the "cpus" array, which user space maps. Written on its own CPU
 * only; user space clears the tables of epoch e after it has ended and never writes elsewhere.
 */
struct vigie_cpu {
	__u64 loss[VIGIE_LOSSES];
	__u64 forks; /* tasks created, threads included: /proc/stat "processes" */
	__u64 process_starts;
	__u64 process_exits;
	__u64 frees; /* tasks freed */
	__u64 slow_waits; /* waits over cfg_slow_ns, whether or not blamed */
	__u64 corrected_ns; /* run_delay that was sleep: bpf/moved.bpf.h */
	__u64 culprit_other_ns[VIGIE_EPOCHS]; /* what found no cell */
	__u64 culprit_other_waits[VIGIE_EPOCHS];
	struct vigie_delay culprits[VIGIE_EPOCHS][VIGIE_DELAY_CELLS];
	struct vigie_delay_past culprit_past[VIGIE_EPOCHS][VIGIE_DELAY_CELLS];
	struct vigie_delay_process culprit_processes[VIGIE_EPOCHS][VIGIE_DELAY_PROCESSES];
} __attribute__((aligned(128)));

/* Ring buffer: rare events only. Recorded. */
enum vigie_event_kind {
	VIGIE_EVENT_OOM = 1,
	VIGIE_EVENT_CGROUP = 2, /* a cgroup was created or renamed */
};

struct vigie_oom_event {
	__u32 kind; /* VIGIE_EVENT_OOM */
	__u32 victim_tgid;
	__u32 trigger_tgid; /* who allocated when memory ran out */
	__u32 zero;
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u64 victim_cgroup_id;
	__u64 victim_pages; /* file+anon+shmem as the kill was decided */
	char victim_comm[VIGIE_COMM_LEN]; /* of the leader */
	char trigger_comm[VIGIE_COMM_LEN];
};

struct vigie_cgroup_event {
	__u32 kind; /* VIGIE_EVENT_CGROUP */
	__u32 zero;
	__u64 id;
	char path[VIGIE_PATH_LEN];
};

#define VIGIE_ASSERT_SIZE(type, size) \
	_Static_assert(sizeof(struct type) == (size), #type " differs between the two sides")
VIGIE_ASSERT_SIZE(vigie_usage, 37 * 8);
VIGIE_ASSERT_SIZE(vigie_task, 144 + 37 * 8);
VIGIE_ASSERT_SIZE(vigie_asleep, 40);
_Static_assert(__builtin_offsetof(struct vigie_asleep, flags) ==
		       __builtin_offsetof(struct vigie_task, flags),
	       "a reader tells records apart by their flags");
VIGIE_ASSERT_SIZE(vigie_key, 80);
VIGIE_ASSERT_SIZE(vigie_retired, 39 * 8);
VIGIE_ASSERT_SIZE(vigie_party, 32);
VIGIE_ASSERT_SIZE(vigie_delay, 80);
VIGIE_ASSERT_SIZE(vigie_delay_process, 40);
VIGIE_ASSERT_SIZE(vigie_slices, 128);
VIGIE_ASSERT_SIZE(vigie_oom_event, 72);
VIGIE_ASSERT_SIZE(vigie_cgroup_event, 16 + 512);

#endif
