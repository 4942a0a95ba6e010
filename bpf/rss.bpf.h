/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* rss.bpf.h - where CPU n keeps its part of a per-CPU counter; defined in rss.bpf.c. */
#ifndef VIGIE_RSS_BPF_H
#define VIGIE_RSS_BPF_H

#include "compat.bpf.h"

/* Slot n: address of CPU n's instance minus the per-CPU pointer. Set by user space. */
struct cpu_offsets {
	__u64 offset[VIGIE_MAX_CPUS];
};
struct cpu_offsets_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpu_offsets);
};
extern struct cpu_offsets_map cpu_offsets SEC(".maps");

/* One mm counter with all of its per-CPU parts: what percpu_counter_sum() returns. */
static __always_inline __s64 rss_exact(struct mm_struct *mm, int kind, const struct cpu_offsets *at)
{
	__s64 sum = mm->rss_stat[kind].count;
	__u64 parts = (__u64)mm->rss_stat[kind].counters;
	__s32 part;
	__u32 cpu;

	for (cpu = 0; cpu < VIGIE_MAX_CPUS && cpu < cfg_cpus; cpu++)
		if (!bpf_probe_read_kernel(&part, sizeof(part), (void *)(parts + at->offset[cpu])))
			sum += part;
	return sum;
}

static __always_inline void rss_read(struct mm_struct *mm, __u64 ret[VIGIE_RSS_KINDS])
{
	struct mm_struct___atomic *old = (void *)mm;
	struct cpu_offsets *at = NULL;
	__u32 zero = 0;
	int i;

	if (cfg_exact_rss && !bpf_core_field_exists(old->rss_stat.count))
		at = bpf_map_lookup_elem(&cpu_offsets, &zero);
#pragma unroll
	for (i = 0; i < VIGIE_RSS_COUNTERS; i++)
		ret[i] = compat_clamp(at ? rss_exact(mm, i, at) : compat_mm_counter(mm, i));
	ret[VIGIE_RSS_HUGETLB] = compat_mm_hugetlb(mm);
}

#endif
