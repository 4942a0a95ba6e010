/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf_source.h - snapshots of the running kernel.
 *
 * Owns: loading and attaching the BPF programs as the plan says. Needs privileges to open;
 * reading goes on without any (plan.keep_cap_bpf excepted).
 */
#ifndef VIGIE_COLLECT_BPF_SOURCE_H
#define VIGIE_COLLECT_BPF_SOURCE_H

#include "collect/plan.h"
#include "data/source.h"

/*
 * Loads and attaches. 0 and *ret, or -errno with *ret_what what failed ("load", "attach
 * on_switch", …; valid until the next call).
 */
int bpf_source__open(const struct plan *plan, struct source **ret, const char **ret_what);

#endif
