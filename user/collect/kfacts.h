/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kfacts.h - what this kernel has and what this process may do. Facts only; rules are in
 * plan.h. Existence comes from BTF and files, never from a version number.
 */
#ifndef VIGIE_COLLECT_KFACTS_H
#define VIGIE_COLLECT_KFACTS_H

#include <stdbool.h>
#include <stddef.h>

enum cgroup_layout { CGROUP_NONE, CGROUP_V1, CGROUP_HYBRID, CGROUP_V2 };

enum { CGROUP_HIERARCHIES = 16 };

/* One mounted cgroup hierarchy. */
struct cgroup_hierarchy {
	char controller[24]; /* first usable controller; "" for v2 */
	char mount[128];
	int id; /* cgroup_root.hierarchy_id; 0 for v2 */
	int subsys; /* enum cgroup_subsys_id of this kernel; -1 for v2 */
	unsigned int directories; /* below the root, counting stops at 4096 */
	bool part; /* its root is not mounted: a cgroup namespace, or a bind mount of a part */
};

struct kfacts {
	char release[65];
	int btf_err; /* 0 or -errno of opening the kernel's BTF */
	bool cap_bpf, cap_perfmon, cap_sys_admin; /* effective; CAP_SYS_ADMIN implies both */
	bool root; /* effective uid 0 */
	bool cap_setid; /* CAP_SETUID, CAP_SETGID and CAP_SETPCAP: may become another user */
	bool init_pid_ns; /* sees every process of the host */
	bool user_ns; /* not the host's: whatever capabilities we have here are no good to BPF */
	bool locked_down; /* lockdown=confidentiality: BPF may not read the kernel's memory */
	unsigned int possible_cpus;
	long page_size;

	bool task_storage; /* from tracing programs, and safely: 5.12 and later */
	bool storage_sleeps; /* PREEMPT_RT before 6.4: making it may sleep where nobody may */
	bool lookup_recursion_safe; /* task storage lookups never fail: 6.2 and later */
	bool iter_task;
	bool ringbuf;
	bool sched_info; /* CONFIG_SCHED_INFO */
	bool delayed_dequeue; /* who blocks may stay on its run queue: sched_delayed, 6.12 and later */
	bool io_accounting; /* CONFIG_TASK_IO_ACCOUNTING */
	bool rq_clock; /* cfs_rq.rq: CONFIG_FAIR_GROUP_SCHED */
	bool in_memstall; /* CONFIG_PSI */
	bool psi_on; /* /proc/pressure can be read */
	bool rss_percpu; /* mm counters are per-CPU counters: 6.2 and later */
	bool percpu_lookup; /* bpf_map_lookup_percpu_elem: 5.19 and later */
	bool tp_sched; /* switch, exit, free and newtask: the core */
	bool tp_tick; /* hrtimer_expire_entry: the scheduler tick is such a timer */
	bool tp_reclaim, tp_cgroup_reclaim, tp_compaction, tp_mark_victim;
	bool mark_victim_task; /* hands out the task, not only its pid */
	bool exit_group_dead; /* sched_process_exit says whether it is the last thread */
	bool tp_cgroup_mkdir;
	bool copy_from_task; /* bpf_copy_from_user_task, of the sleepable iterator: 5.18 and later */
	bool tp_contention; /* contention_begin, contention_end: 5.19 and later */
	bool tp_user_fault; /* page_fault_user: x86 */
	bool perf_events; /* perf_event_open exists: CONFIG_PERF_EVENTS */
	bool unpriv_map_ops; /* maps can be read without capabilities: 5.19 and later */
	bool run_time_stats; /* kernel.bpf_stats_enabled */

	enum cgroup_layout cgroup_layout;
	struct cgroup_hierarchy hierarchies[CGROUP_HIERARCHIES];
	unsigned int nhierarchies;
};

/* Never fails: what cannot be found out is missing. Takes some 50 ms (it parses the BTF). */
void kfacts_gather(struct kfacts *ret);

#endif
