// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* knobs.bpf.c - owns the constants of knobs.bpf.h and their defaults. No code. */
#include "knobs.bpf.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile bool cfg_task_storage = false;
const volatile bool cfg_lookup_fails = false;
const volatile bool cfg_moved = false;
const volatile bool cfg_off_cpu = false;
const volatile bool cfg_exact_rss = false;
const volatile __u32 cfg_cpus = 1;
const volatile __u32 cfg_max_tasks = 0;
const volatile __u64 cfg_slow_ns = 1000000;
const volatile __u32 cfg_group_by = VIGIE_BY_CGROUP | VIGIE_BY_COMM;
const volatile __u32 cfg_cgroup_trees = 1;
const volatile __s32 cfg_cgroup_subsys[VIGIE_CGROUP_TREES] = { -1, -1, -1, -1, -1, -1 };
const volatile __s32 cfg_cgroup_hierarchy[VIGIE_CGROUP_TREES] = { 0 };
