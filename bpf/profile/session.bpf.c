// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* session.bpf.c - owns what session.bpf.h declares. */
#include "session.bpf.h"

const volatile bool cfg_children = false;
const volatile bool cfg_runq = false;
const volatile bool cfg_wakers = false;
const volatile __u64 cfg_fault_gap_ns = 10000000;
const volatile __u64 cfg_waker_gap_ns = 10000000;
const volatile __u64 cfg_waker_owed_ns = 50000000;

struct targets_map targets SEC(".maps");
struct threads_map threads SEC(".maps");
struct slots_map slots SEC(".maps");
struct slots_near_map slots_near SEC(".maps");

__u64 begin_ns = 0;
__u64 begin_clock = 0;
__u8 target_filter[TARGET_FILTER] = {};
__u64 session_lost[8] = {};
