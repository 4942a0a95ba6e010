// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* cpus.bpf.c - owns the per-CPU slots and the epoch. No code. */
#include "cpus.bpf.h"

struct cpus_map cpus SEC(".maps");
volatile __u32 epoch = 0;
