// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* cpus.bpf.c - owns the per-CPU slots, and what user space switches at run time. No code. */
#include "cpus.bpf.h"
#include "shed.bpf.h"

struct cpus_map cpus SEC(".maps");
volatile __u32 epoch = 0;
volatile __u32 shed = 0;
volatile __u32 generation = 0;
