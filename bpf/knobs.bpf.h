/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * knobs.bpf.h - what the plan decided, as constants: the verifier deletes what is off.
 *
 * Defined in knobs.bpf.c, set by user/collect/bpf_source.c before loading. The defaults
 * are the safe ones of the oldest kernel.
 */
#ifndef VIGIE_KNOBS_BPF_H
#define VIGIE_KNOBS_BPF_H

#include "vmlinux.h"
#include <vigie/abi.h>

extern const volatile bool cfg_task_storage; /* else a hash of task pointers (before 5.11) */
extern const volatile bool cfg_lookup_fails; /* task storage before 6.2, see switch.bpf.c */
extern const volatile bool cfg_moved; /* run_delay may count sleep: moved.bpf.h */
extern const volatile bool cfg_off_cpu; /* the run queue's clock can be read */
extern const volatile bool cfg_exact_rss; /* sum the per-CPU parts of mm counters */
extern const volatile __u32 cfg_cpus; /* possible CPUs */
extern const volatile __u32 cfg_max_tasks; /* may have a state in task storage; 0: all */
extern const volatile __u64 cfg_slow_ns; /* waits from here on are blamed on somebody */
extern const volatile __u32 cfg_group_by; /* enum vigie_group_by */
/* The hierarchies that may name a process, in this order. */
extern const volatile __u32 cfg_cgroup_trees; /* how many, at least one */
extern const volatile __s32
	cfg_cgroup_subsys[VIGIE_CGROUP_TREES]; /* index in css_set.subsys, -1: v2 */
extern const volatile __s32 cfg_cgroup_hierarchy[VIGIE_CGROUP_TREES]; /* cgroup_root.hierarchy_id */

#endif
