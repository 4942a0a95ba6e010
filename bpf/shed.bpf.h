/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * shed.bpf.h - what of the switch probe is off for now, and since when a task's books are to be trusted.
 *
 * User space sets both as vigie costs too much, and needs no privilege for it. While off-CPU reasons
 * are off nobody looks at switches, and what a task's state says of its last one grows old: so
 * that ends a generation. A state of another generation knows nothing of the task's waits; its next
 * switch-out, or the iterator if it sleeps, begins them anew (departure_again()). Not here: when.
 */
#ifndef VIGIE_SHED_BPF_H
#define VIGIE_SHED_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <vigie/abi.h>

/* Set in this order; defined in cpus.bpf.c. */
extern volatile __u32 shed; /* enum vigie_shed */
extern volatile __u32 generation;

/* Of a state that is made now. Read against the order: a new generation is never taken for one that looks. */
static __always_inline __u32 generation_begun(void)
{
	__u32 now = generation;

	barrier();
	return shed & VIGIE_SHED_REASONS ? now - 1 : now;
}

#endif
