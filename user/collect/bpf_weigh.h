/* SPDX-License-Identifier: GPL-2.0-only */
/* bpf_weigh.h - what our BPF objects hold and cost. Internal to collect. */
#ifndef VIGIE_COLLECT_BPF_WEIGH_H
#define VIGIE_COLLECT_BPF_WEIGH_H

#include "collect/bpf_load.h"
#include "data/snapshot.h"

/*
 * Fills in bpf_memory_bytes, probes, the runs that were missed and run_time_known; tasks and
 * untracked must be set. Some thirty small reads of /proc: not for every snapshot. Memory that
 * cannot be read (another user's fdinfo before 5.14) keeps its last figure.
 */
void bpf_weigh(const struct bpf_loaded *bpf, struct collect_stat *stat);

#endif
