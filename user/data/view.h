/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * view.h - what the model makes of the snapshots: the page that every exporter draws.
 *
 * Owns: groups with their accumulated counters, host totals, the CPU balance. Strings are
 * sanitised (base/text.h) and valid until the model's next snapshot. Counters start at 0
 * when the model was made and never run backwards; *_inc is the last interval's part.
 * Not here: formats, rounding, percent.
 */
#ifndef VIGIE_DATA_VIEW_H
#define VIGIE_DATA_VIEW_H

#include "data/snapshot.h"

/* A grouping key. The order in view.keys is the order of labels and columns. */
enum group_key { KEY_UNIT, KEY_COMM, KEY_EXE, KEY_USER, KEY_CGROUP, KEY_PID, GROUP_KEYS };

/* The label name of a key: "unit", "comm", "exe", "user", "cgroup", "pid". */
const char *group_key_name(enum group_key key);

/* Label value of what has no series of its own: longer than any comm. */
#define GROUP_OTHER "(all other processes)"
#define GROUP_KERNEL_REST "(other kernel threads)"

struct group_view {
	const char *label[GROUP_KEYS]; /* by position in view.keys, not by enum */
	struct vigie_usage total;
	struct vigie_usage inc;
	__u64 rss_bytes[VIGIE_RSS_KINDS]; /* gauges of the living; swap is not resident */
	__u64 peak_bytes; /* highest resident in the window, see model.h */
	__u32 processes; /* zombies not counted */
	__u32 threads;
	/* Of the group's process when it has exactly one and keys contain KEY_PID; else 0, "". */
	__u32 pid, ppid, uid;
	__u64 start_ns; /* CLOCK_BOOTTIME */
	__u64 life_cpu_ns;
	bool live; /* false: only lingering, exited or demoted */
	bool kernel; /* kernel threads */
};

/*
 * What a unit costs, as its cgroups say it: gauges of now, counters since the model began. What a
 * unit within it has is that one's, pressure apart, which cannot be divided. All members __u64.
 */
struct unit_figures {
	__u64 has; /* bit n: word n of this struct is known */
	__u64 memory[UNIT_MEMORY_KINDS];
	__u64 memory_charged; /* what counts against the limit */
	__u64 memory_working; /* of it all but file pages that cost nothing to take */
	__u64 memory_limit, tasks, tasks_limit; /* the lowest limits, of all its cgroups together */
	__u64 periods, throttled_periods, throttled_ns;
	__u64 pressure_ns[PSI_RESOURCES][PSI_STALLS];
	__u64 oom_kills; /* as vigie saw them: a cgroup's own count ends with it */
};
#define UNIT_FIGURES_BIT(member) (1ULL << (offsetof(struct unit_figures, member) / sizeof(__u64)))

struct unit_view {
	const char *unit;
	const char *cgroup; /* path of the first cgroup seen with this unit */
	const char *container_id; /* 64 hex digits or "" */
	const char *pod_uid; /* or "" */
	const char *runtime; /* docker, containerd, crio, podman, systemd, … or "" */
	const char *container_name, *pod, *namespace, *image; /* or "", see container.h */
	const struct unit_figures *figures; /* NULL: none */
};

/* A cgroup that has processes, or had some in the last interval. */
struct cgroup_view {
	__u64 id;
	const char *unit, *path, *container_id; /* sanitised; container_id "" where there is none */
	const struct cgroup_stat *stat; /* NULL: no limits are known */
};

struct delay_view {
	const char *victim; /* the group's label values joined by "/" */
	const char *culprit; /* likewise; "(idle)" where nobody ran before */
	__u64 wait_ns;
	__u64 waits;
	__u64 wait_inc_ns;
	/* The same label by label, each terminated: names can meet, these cannot. NULL: not known. */
	const char *victim_labels, *culprit_labels;
};

struct oom_view {
	const char *victim, *trigger; /* group names as in delay_view */
	const char *victim_comm, *trigger_comm;
	__u32 victim_pid, trigger_pid;
	__u64 victim_bytes;
	__u64 time_ns;
	__u64 victim_cgroup_id;
};

/* Two modes as everywhere in vigie: user (nice included), system (irq, softirq included). */
struct cpu_split {
	__u64 user_ns, system_ns;
};

struct view {
	__u64 time_ns, wall_ns;
	__u64 interval_ns; /* since the previous snapshot; 0 for the first */
	__u32 shed; /* enum vigie_shed, as in the snapshot: what that feeds is absent, not 0 */
	enum group_key keys[GROUP_KEYS];
	unsigned int nkeys;

	const struct group_view *groups; /* on the page, sorted by label values, other not in it */
	size_t ngroups;
	struct group_view other; /* labels GROUP_OTHER; always shown */
	const struct unit_view *units; /* one per unit on the page, sorted */
	size_t nunits;
	const struct delay_view *delays; /* sorted by victim, culprit */
	size_t ndelays;
	__u64 delay_other_ns;
	__u64 delay_other_inc_ns;
	__u64 delay_retired_ns; /* of pairs whose series ended: with the two above all there was */
	const struct oom_view *ooms; /* of the last interval */
	size_t nooms;

	/*
	 * The processes themselves, for who wants to name one: raw, hostile names. process_group[i]
	 * is the place in groups of processes[i]; ngroups: it is in other. It is where the process
	 * is counted now, as in the gauges: a group that was promoted or demoted just now got the
	 * interval's increments where it was before. None where there was no memory for it.
	 */
	const struct process *processes; /* ascending pid */
	const __u32 *process_group;
	size_t nprocesses;
	const struct vigie_delay *culprits; /* slow waits of the interval by process */
	size_t nculprits;
	const struct cgroup_view *cgroups; /* ascending id */
	size_t ncgroups;

	/* The CPU balance: per mode, sum(groups.total) + other + retired + unattributed == host, exactly. */
	struct cpu_split host_cpu; /* since the model began */
	struct cpu_split retired_cpu; /* of groups whose series ended */
	struct cpu_split unattributed_cpu; /* /proc/stat has it, no process was charged */

	struct host host; /* as in the snapshot */
	struct host_cpu host_inc; /* growth over the interval */
	__u64 host_switches_inc, host_forks_inc;
	__u64 page_size;
	struct vigie_slices slices; /* since the model began */

	/* The model's own bounds. */
	__u64 groups_known; /* groups remembered, on the page or not */
	__u64 units_guessed; /* of these groups, that only the last component of a path named */
	__u64 groups_folded_total; /* increments' groups that found no room even there */
	__u64 groups_ended_total; /* series that ended */
	__u64 groups_promoted_total;
	struct collect_stat stat;
};

/* Of this key, "" where the view is not grouped by it. */
const char *group_label(const struct view *view, const struct group_view *group,
			enum group_key key);

#endif
