/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cpu_balance.h - the host's totals since the model began, and the equation that they obey.
 *
 * Owns: host CPU per mode, what nobody could be charged with, the last snapshot's host.
 */
#ifndef VIGIE_MODEL_CPU_BALANCE_H
#define VIGIE_MODEL_CPU_BALANCE_H

#include "data/view.h"
#include "model/window.h"

/* A counter of the kernel's that may run backwards, as one that does not. */
struct monotonic {
	__u64 last; /* as the kernel has it */
	__u64 shown;
	__u64 left_out; /* modulo 2^64: what is added to the kernel's */
};

struct cpu_balance {
	bool began;
	struct host first, last;
	struct monotonic idle, iowait, steal; /* since boot */
	struct vigie_slices first_slices;
	struct cpu_split unattributed;
	__u64 began_ns;
	__u64 lag_ns; /* see model_config.balance_lag_ns; set by the owner */
	struct window user_gap, system_gap; /* complements: their highest is the lowest gap */
};

/*
 * credited: all CPU time that was ever credited to anybody. Fills in what the view says
 * about the host; the growth over the interval is 0 the first time.
 */
void cpu_balance_apply(struct cpu_balance *balance, const struct snapshot *snapshot,
		       const struct cpu_split *credited, struct view *view);

#endif
