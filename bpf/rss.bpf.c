// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * rss.bpf.c - owns the way to the per-CPU parts of mm counters (6.2 and later).
 *
 * percpu_counter.count alone may be off by batch x CPUs pages per counter. The parts lie at
 * counters + __per_cpu_offset[cpu], a symbol that many kernels do not list. So we measure
 * the offsets on a per-CPU map of our own: the address of its element on CPU n, which the
 * kernel tells us, minus the per-CPU pointer in its struct. Run once, at start.
 */
#include "rss.bpf.h"

struct cpu_offsets_map cpu_offsets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} ruler SEC(".maps");

/* Set by user space before it reads the iterator. */
__u32 ruler_map_id = 0;
__u64 ruler_pointer = 0;

SEC("?iter/bpf_map")
int on_ruler(struct bpf_iter__bpf_map *ctx)
{
	struct bpf_map *map = ctx->map;
	__u32 zero = 0, cpu;
	struct bpf_array *array = (struct bpf_array *)map;
	struct cpu_offsets *at;

	if (!map || map->id != ruler_map_id)
		return 0;
	at = bpf_map_lookup_elem(&cpu_offsets, &zero);
	if (!at)
		return 0;
	bpf_core_read(&ruler_pointer, sizeof(ruler_pointer), &array->pptrs);
	for (cpu = 0; cpu < VIGIE_MAX_CPUS && cpu < cfg_cpus; cpu++)
		at->offset[cpu] = (__u64)bpf_map_lookup_percpu_elem(&ruler, &zero, cpu);
	return 0;
}
