/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * snapshot.h - what was read from the kernel at one moment, before any thinking.
 *
 * Owns: the raw nouns that collect produces, record stores and model consumes. Counters
 * of processes are increments since the previous snapshot of the same source (see abi.h);
 * host counters are the kernel's totals since boot. Names are raw bytes: hostile.
 * Not here: rates, groups, ranks (view.h). A counter that is added gets a number in histories:
 * user/record/codec_words.h.
 */
#ifndef VIGIE_DATA_SNAPSHOT_H
#define VIGIE_DATA_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <vigie/abi.h>

#include "data/container.h"

/* One live process: the sum of its threads' records. */
struct process {
	__u32 pid;
	__u32 ppid;
	__u32 uid;
	__u32 flags; /* enum vigie_task_flags */
	__u32 threads; /* live threads; 0 for a zombie */
	__u32 zero;
	__u64 start_ns; /* CLOCK_BOOTTIME; with pid the identity */
	__u64 cgroup_id;
	__u64 life_cpu_ns; /* since it began */
	__u64 rss_pages[VIGIE_RSS_KINDS];
	__u64 peak_pages; /* highest resident since the previous snapshot, at least the current */
	char comm[VIGIE_COMM_LEN]; /* of the leader, NUL-terminated, raw */
	char exe[VIGIE_EXE_LEN];
	struct vigie_usage inc;
};

struct retired {
	struct vigie_key key; /* key.flags & VIGIE_TASK_OTHER: what found no room */
	struct vigie_retired value;
};

/* The name of a cgroup id. Raw; "/" is the root. */
struct cgroup_name {
	__u64 id;
	const char *path; /* owned by the snapshot's source, valid until its next snapshot */
	const struct container *container; /* that it belongs to, as far as named; NULL: none */
};

/* Pressure stall information: what was waited for, and by how many. Recorded. */
enum psi_resource { PSI_CPU = 0, PSI_MEMORY = 1, PSI_IO = 2, PSI_RESOURCES };
enum psi_stall { PSI_SOME = 0, PSI_FULL = 1, PSI_STALLS };

/* Where a cgroup was found first, in this order. Recorded. */
enum cgroup_tree { TREE_MEMORY = 0, TREE_UNIFIED = 1, TREE_PIDS = 2, TREE_CPU = 3, CGROUP_TREES };

/* Index of cgroup_unit.memory; no byte is in two of them. Recorded. */
enum unit_memory {
	UNIT_ANON = 0,
	UNIT_FILE = 1, /* page cache of files on a disk */
	UNIT_SHMEM = 2, /* tmpfs, memfd, shared memory: mapped by somebody or not */
	UNIT_KERNEL = 3, /* stacks, page tables, slabs */
	UNIT_SOCKET = 4,
	UNIT_HUGETLB = 5,
	UNIT_MEMORY_KINDS,
};

/*
 * What cgroupfs says of the highest cgroup above (or of) this one that is the same unit's, all
 * beneath it included: one cgroup of each such tree has it, in the others all is 0. Members as in
 * cgroup_stat.
 */
struct cgroup_unit {
	__u64 has; /* bit n: word n of this struct was there to be read */
	/* Which cgroup: its inode number, which grows and is never given again in its tree. */
	__u64 top, tree;
	__u64 path_len; /* its path is that many bytes of this cgroup's */
	__u64 memory[UNIT_MEMORY_KINDS]; /* memory.stat, hugetlb.*.current */
	__u64 memory_charged; /* memory.current */
	__u64 memory_inactive; /* of it: file pages that cost nothing to take */
	__u64 memory_limit; /* memory.max, the lowest of its ancestors' */
	__u64 tasks, tasks_limit; /* pids.current; pids.max, the lowest */
	__u64 periods, throttled_periods, throttled_ns; /* cpu.stat; periods 0: never had a quota */
	__u64 pressure_ns[PSI_RESOURCES][PSI_STALLS];
};
#define CGROUP_UNIT_BIT(member) (1ULL << (offsetof(struct cgroup_unit, member) / sizeof(__u64)))

/*
 * What cgroupfs says of a cgroup. Totals since the cgroup began; read more rarely than processes.
 * All members are __u64, and a history has them in this order: append only.
 */
struct cgroup_stat {
	__u64 id; /* as in cgroup_name */
	__u64 throttled_ns; /* cpu.stat: throttled_usec (v1 throttled_time) */
	__u64 throttled_periods; /* cpu.stat: nr_throttled */
	__u64 periods; /* cpu.stat: nr_periods; 0: no CPU limit */
	__u64 memory_limit; /* memory.max, the lowest of its ancestors'; 0: none */
	__u64 memory_used; /* memory.current of the cgroup with that limit */
	__u64 memory_working; /* the same without inactive file pages, which cost nothing to take */
	struct cgroup_unit unit;
};

/* /proc/stat: nanoseconds since boot. guest is inside user, as the kernel has it. */
struct host_cpu {
	__u64 user_ns, nice_ns, system_ns, idle_ns, iowait_ns, irq_ns, softirq_ns, steal_ns;
};

/* /proc/meminfo, bytes. */
struct host_memory {
	__u64 total, free, available, buffers, cached, slab_reclaimable, slab, active, inactive;
	__u64 shmem, swap_total, swap_free;
};

struct host {
	struct host_cpu cpu;
	struct host_memory memory;
	__u64 context_switches; /* /proc/stat ctxt */
	__u64 forks; /* /proc/stat processes */
	__u32 procs_running, procs_blocked;
	__u32 online_cpus; /* cpuN lines of /proc/stat */
	double load[3];
	__u64 swap_in_pages, swap_out_pages; /* /proc/vmstat pswpin, pswpout */
	__u64 boot_time_s; /* /proc/stat btime: Unix time */
	__u64 pressure_ns[PSI_RESOURCES][PSI_STALLS]; /* /proc/pressure, since boot */
	__u64 pressure_known; /* 1: there was such a thing */
};

/* A program of ours as the kernel's statistics see it; 0 runs where they are off. */
struct probe_stat {
	char name[32];
	__u64 runs;
	__u64 run_ns;
	__u64 missed; /* runs that the kernel skipped, statistics or not; no history has it */
};
enum { PROBES_MAX = 32 };

/* What collecting cost and lost. Totals since the source was opened. */
struct collect_stat {
	__u64 loss[VIGIE_LOSSES];
	__u64 lost_records; /* iterator records that could not be read */
	__u64 cgroups_unnamed; /* cgroup ids whose path could not be found */
	__u64 forks, process_starts, process_exits, frees, slow_waits,
		corrected_ns; /* struct vigie_cpu, summed */
	__u64 snapshots;
	__u64 snapshot_ns; /* wall time of all snapshots */
	__u64 snapshot_cpu_ns; /* our CPU time in them */
	__u64 tasks; /* records in this snapshot */
	__u64 untracked; /* of them without state */
	__u64 unfreed; /* ended, and what they still owe has not arrived: RCU is late, or lost */
	__u64 retired_keys; /* entries now in the retired maps */
	__u64 bpf_memory_bytes; /* maps and programs, as the kernel accounts them */
	struct probe_stat probes[PROBES_MAX];
	unsigned int nprobes;
	bool run_time_known; /* kernel.bpf_stats_enabled was on */
};

struct snapshot {
	__u64 time_ns; /* CLOCK_BOOTTIME when reading began; the only clock of all layers above */
	__u64 wall_ns; /* CLOCK_REALTIME at that moment */
	__u64 page_size;
	__u32 shed; /* enum vigie_shed: what was off at any time since the snapshot before */
	struct process *processes; /* ascending pid; zombies included, the idle task never */
	size_t nprocesses;
	struct retired *retired;
	size_t nretired;
	struct vigie_delay *culprits; /* increments; a pair may appear several times */
	size_t nculprits;
	__u64 culprit_other_ns; /* increments without a pair */
	__u64 culprit_other_waits;
	struct vigie_oom_event *ooms;
	size_t nooms;
	struct cgroup_name *cgroups; /* every id that occurs in this snapshot and has a name */
	size_t ncgroups;
	struct cgroup_stat *cgroup_stats; /* ascending id */
	size_t ncgroup_stats;
	struct vigie_slices slices; /* host-wide, totals since the source was opened */
	struct host host;
	struct collect_stat stat;
};

#endif
