/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* cpus.bpf.h - this CPU's slot of counters. The map is defined in cpus.bpf.c. */
#ifndef VIGIE_CPUS_BPF_H
#define VIGIE_CPUS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <vigie/abi.h>

/* A plain array indexed by CPU, not a per-CPU one: it can be mapped, so that user space
 * reads it without a system call, and its lookup is inlined. */
struct cpus_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set to the number of possible CPUs */
	__type(key, __u32);
	__type(value, struct vigie_cpu);
};
extern struct cpus_map cpus SEC(".maps");

/* The table that is filling now; user space flips it (see user/collect/epoch). */
extern volatile __u32 epoch;

static __always_inline struct vigie_cpu *this_cpu(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&cpus, &cpu);
}

static __always_inline void count_loss(enum vigie_loss cause)
{
	struct vigie_cpu *cpu = this_cpu();

	/* Atomic: from 7.x on many programs may be preempted by another one here. */
	if (cpu)
		__sync_fetch_and_add(&cpu->loss[cause], 1);
}

/* Of one task, once: as its state is made, or as it ends if it never had any. */
static __always_inline void count_birth(bool leader)
{
	struct vigie_cpu *cpu = this_cpu();

	if (!cpu)
		return;
	__sync_fetch_and_add(&cpu->forks, 1);
	if (leader)
		__sync_fetch_and_add(&cpu->process_starts, 1);
}

#endif
