/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * epoch.h - reading tables that BPF programs keep filling. Internal to collect.
 *
 * Owns: the two maps of retired totals and the two tables of delays of each CPU. One epoch fills
 * while the other is closed. A table is read while it fills (values only grow, we remember
 * what we read), once more after it was closed and a grace period has passed, and only then
 * emptied: nothing is lost between a read and a delete, and nothing waits.
 */
#ifndef VIGIE_COLLECT_EPOCH_H
#define VIGIE_COLLECT_EPOCH_H

#include "base/hash.h"
#include "data/snapshot.h"

/* What the cell of two processes grew by. */
struct delay_part {
	struct vigie_delay_process now; /* as it was read */
	__u64 wait_ns, waits;
	__u32 next; /* 1 + index */
};

struct epoch_reader {
	int retired_fd[VIGIE_EPOCHS], spare_fd[VIGIE_EPOCHS];
	int other_fd; /* array: index is the epoch */
	struct vigie_cpu *cpus; /* mapped, one per possible CPU */
	unsigned int ncpus;
	volatile __u32 *current; /* the BPF side's variable, mapped */
	bool closed_pending; /* the other epoch is closed and not yet emptied */

	/* Where a batch is read to. */
	struct vigie_key *keys;
	struct vigie_retired *values;
	size_t batch_cap;

	/* What was read of the filling epoch so far. */
	struct retired *last;
	size_t nlast, last_cap;
	struct hash by_key;
	__u64 seed; /* of by_key */
	struct vigie_retired last_other;
	struct vigie_delay_past *last_delay; /* [cpu * VIGIE_DELAY_CELLS + cell] */
	struct vigie_delay_process *last_process; /* [cpu * VIGIE_DELAY_PROCESSES + cell] */
	__u64 *last_culprit_other_ns, *last_culprit_other_waits; /* [cpu] */

	/* Of one CPU: what its processes' cells grew by, listed by the cell of their names. */
	struct delay_part *parts;
	__u32 first_part[VIGIE_DELAY_CELLS]; /* 1 + index */

	/* The increments of this snapshot. */
	struct retired *retired;
	size_t nretired, retired_cap;
	struct vigie_delay *culprits;
	size_t nculprits, culprits_cap;
	__u64 culprit_other_ns, culprit_other_waits;
	__u64 entries; /* keys now in the maps */
};

/* The descriptors, mappings and ncpus are set by the caller and stay its own. 0 or -ENOMEM. */
int epoch_init(struct epoch_reader *e);
void epoch_done(struct epoch_reader *e);
/* Reads the increments. 0 or -errno; what could not be read comes with the next read. */
int epoch_read(struct epoch_reader *e);
/* Closes the filling epoch if the other is empty. Waits for a grace period. 0 or -errno. */
int epoch_settle(struct epoch_reader *e);

#endif
