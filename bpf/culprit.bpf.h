/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * culprit.bpf.h - who ran while somebody waited too long.
 *
 * A small table of (victim, culprit) cells per CPU and epoch, open addressing, written only
 * on that CPU with interrupts off. A pair without a free cell takes that of a smaller one, or
 * goes into "other"; either is counted.
 * "Who ran just before" is a sample, good over many waits, not an integral.
 */
#ifndef VIGIE_CULPRIT_BPF_H
#define VIGIE_CULPRIT_BPF_H

#include "cpus.bpf.h"
#include "identity.bpf.h"

static __always_inline __u32 culprit_hash(__u32 victim, __u32 culprit)
{
	__u32 h = victim * 0x9e3779b1u ^ culprit * 0x85ebca6bu;

	return h ^ h >> 15;
}

/* The cell of the pair: its own, a free one, or NULL. */
static __always_inline struct vigie_delay *culprit_cell(struct vigie_cpu *cpu, __u32 e,
							__u32 victim, __u32 culprit)
{
	__u32 hash = culprit_hash(victim, culprit);
	struct vigie_delay *cell;
	int i;

#pragma unroll
	for (i = 0; i < VIGIE_DELAY_PROBES; i++) {
		cell = &cpu->culprits[e & 1][(hash + i) & (VIGIE_DELAY_CELLS - 1)];
		if (!cell->victim.tgid)
			return cell;
		if (cell->victim.tgid == victim && cell->culprit.tgid == culprit)
			return cell;
	}
	return NULL;
}

/*
 * The cell of the least of those that the pair could have, if it had less than this one wait;
 * or NULL. The sums of a cell go on, for part of them was read: the reader finds in past where
 * the new pair began, and what it has not read of the old one goes into "other".
 */
static __always_inline struct vigie_delay *culprit_take(struct vigie_cpu *cpu, __u32 e,
							__u32 victim, __u32 culprit, __u64 wait)
{
	__u32 hash = culprit_hash(victim, culprit), at, least_at = 0;
	__u64 least = wait;
	struct vigie_delay_past *past;
	struct vigie_delay *cell;
	int i;

#pragma unroll
	for (i = 0; i < VIGIE_DELAY_PROBES; i++) {
		__u64 had;

		at = (hash + i) & (VIGIE_DELAY_CELLS - 1);
		had = cpu->culprits[e & 1][at].wait_ns - cpu->culprit_past[e & 1][at].wait_ns;
		if (had < least) {
			least = had;
			least_at = at;
		}
	}
	if (least == wait)
		return NULL;
	at = least_at & (VIGIE_DELAY_CELLS - 1);
	cell = &cpu->culprits[e & 1][at];
	past = &cpu->culprit_past[e & 1][at];
	past->wait_ns = cell->wait_ns;
	past->waits = cell->waits;
	cell->victim.tgid = 0;
	__builtin_memset(&cell->culprit, 0, sizeof(cell->culprit));
	return cell;
}

static __always_inline void culprit_wait(struct task_struct *prev, struct task_struct *next,
					 __u64 wait, bool prev_dead)
{
	__u32 e = epoch & 1, culprit = prev->tgid;
	struct vigie_cpu *cpu = this_cpu();
	struct vigie_delay *cell;

	if (!cpu)
		return;
	cpu->slow_waits++;
	cell = culprit_cell(cpu, e, next->tgid, culprit);
	if (!cell) {
		cpu->loss[VIGIE_LOSS_DELAY_FULL]++;
		cell = culprit_take(cpu, e, next->tgid, culprit, wait);
	}
	if (!cell) {
		cpu->culprit_other_ns[e] += wait;
		cpu->culprit_other_waits[e]++;
		return;
	}
	if (!cell->victim.tgid) {
		/* A dead prev may have lost its leader already: then it is the culprit itself. */
		if (culprit)
			identity_party(prev, prev_dead ? prev : prev->group_leader, &cell->culprit);
		identity_party(next, next->group_leader, &cell->victim);
	}
	cell->wait_ns += wait;
	cell->waits++;
}

#endif
