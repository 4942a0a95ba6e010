/* SPDX-License-Identifier: GPL-2.0-only */
/* bpf_weigh.h - what our BPF objects hold and cost. Internal to collect. */
#ifndef VIGIE_COLLECT_BPF_WEIGH_H
#define VIGIE_COLLECT_BPF_WEIGH_H

#include "collect/bpf_load.h"
#include "data/source.h"

/*
 * Fills in bpf_memory_bytes, probes, the runs that were missed and run_time_known; tasks and
 * untracked must be set. Some thirty small reads of /proc: not for every snapshot. Memory that
 * cannot be read (another user's fdinfo before 5.14) keeps its last figure.
 */
void bpf_weigh(const struct bpf_loaded *bpf, struct collect_stat *stat);

/* A program that does nothing. */
struct probe_floor {
	__u64 empty_ns; /* what the statistics read for it: their own cost; 0: they cannot be had */
	__u64 entry_ns; /* what the kernel's way into it takes, which they do not see */
};

/* Takes some 10 ms, and privileges. */
void bpf_weigh_floor(const struct bpf_loaded *bpf, struct probe_floor *ret);
/* Needs no privilege. */
void bpf_weigh_costs(const struct bpf_loaded *bpf, const struct probe_floor *floor,
		     struct probe_costs *ret);

#endif
