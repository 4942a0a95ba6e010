/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf_load.h - from a plan to loaded and attached programs. Internal to collect.
 *
 * Owns: the skeleton, the links, the order in which things come alive.
 */
#ifndef VIGIE_COLLECT_BPF_LOAD_H
#define VIGIE_COLLECT_BPF_LOAD_H

#include <bpf/libbpf.h>

#include "collect/plan.h"

struct vigie_bpf;

enum { LINKS_MAX = 24 };

/* Probes that can be taken off their tracepoints, and put back. */
enum bpf_spot_name { SPOT_SWITCH, SPOT_MIGRATE, SPOT_WAKEUP, BPF_SPOTS };

struct bpf_loaded {
	struct vigie_bpf *skel;
	struct bpf_link *links[LINKS_MAX];
	unsigned int nlinks;
	struct bpf_spot {
		const struct bpf_program *prog; /* NULL: it is not loaded here */
		unsigned int at; /* in links; NULL there while it is detached */
		int fd; /* its link once it was attached again; -1: not */
	} spots[BPF_SPOTS];
	struct bpf_link *iter; /* of on_task: read through bpf_iter_create() */
	struct vigie_cpu *cpus; /* mapped */
	size_t cpus_size;
	unsigned int ncpus;
};

/*
 * Loads, attaches birth and death, runs settle_tasks(ctx) - a first iterator pass that gives
 * every living task its state - and only then the switch probe, which looks up only.
 */
int bpf_load(struct bpf_loaded *l, const struct plan *plan, int (*settle_tasks)(void *ctx),
	     void *ctx, const char **ret_what);
void bpf_unload(struct bpf_loaded *l);

/*
 * Takes a probe off its tracepoint, where the kernel would let us put it back: even a program that returns at
 * once costs each switch or wakeup the way into it. 0, or -errno: it stays.
 */
int bpf_spot_detach(struct bpf_loaded *l, enum bpf_spot_name name);
int bpf_spot_attach(struct bpf_loaded *l,
		    enum bpf_spot_name name); /* no-op if it is; 0 or -errno */

#endif
