/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * culprit.bpf.h - who ran while somebody waited too long.
 *
 * Two small tables per CPU and epoch, open addressing, written only on that CPU with interrupts
 * off. One has a cell for each two names: all waits are in it, for that is what groups are made of,
 * and a build's thousand compilers share a name. A pair without a free cell takes that of a smaller
 * one, or goes into "other"; either is counted. The other table says which two processes it was,
 * as far as it has room: what it lacks is still in the first.
 * "Who ran just before" is a sample, good over many waits, not an integral.
 */
#ifndef VIGIE_CULPRIT_BPF_H
#define VIGIE_CULPRIT_BPF_H

#include "cpus.bpf.h"
#include "identity.bpf.h"

/* A slow wait and, once they are known, the names of both. */
struct slow {
	__u32 victim, culprit, execs; /* tgids, and what tells programs of one process apart */
	__u64 ns;
	struct vigie_party names[2]; /* victim, culprit */
};

/* Of a party: cgroup and name. */
static __always_inline const __u64 *party_words(const struct vigie_party *party)
{
	return (const __u64 *)&party->cgroup_id;
}

static __always_inline __u32 names_hash(const struct vigie_party *names)
{
	const __u64 *v = party_words(&names[0]), *c = party_words(&names[1]);
	__u64 h = (v[0] ^ v[1]) * 0x9e3779b97f4a7c15ULL ^ (c[0] ^ c[1]) * 0xc2b2ae3d27d4eb4fULL;

	h ^= v[2] * 0x165667b19e3779f9ULL ^ c[2] * 0x27d4eb2f165667c5ULL;
	h ^= h >> 32;
	return (__u32)(h ^ h >> 15);
}

static __always_inline bool party_same(const struct vigie_party *a, const struct vigie_party *b)
{
	const __u64 *x = party_words(a), *y = party_words(b);

	/* Nobody at all, which is idle, has no name; nor may somebody. */
	return x[0] == y[0] && x[1] == y[1] && x[2] == y[2] && a->flags == b->flags &&
	       !a->tgid == !b->tgid;
}

/* The index of the cell of these names: their own, a free one, or VIGIE_DELAY_CELLS. */
static __always_inline __u32 culprit_cell(struct vigie_cpu *cpu, __u32 e,
					  const struct vigie_party *names)
{
	__u32 hash = names_hash(names), at;
	struct vigie_delay *cell;
	int i;

#pragma unroll
	for (i = 0; i < VIGIE_DELAY_PROBES; i++) {
		at = (hash + i) & (VIGIE_DELAY_CELLS - 1);
		cell = &cpu->culprits[e & 1][at];
		if (!cell->victim.tgid ||
		    (party_same(&cell->victim, &names[0]) && party_same(&cell->culprit, &names[1])))
			return at;
	}
	return VIGIE_DELAY_CELLS;
}

/*
 * The cell of the least of those that the pair could have, if it had less than this one wait;
 * or VIGIE_DELAY_CELLS. The sums of a cell go on, for part of them was read: the reader finds in past
 * where the new pair began, and what it has not read of the old one goes into "other".
 */
static __always_inline __u32 culprit_take(struct vigie_cpu *cpu, __u32 e,
					  const struct vigie_party *names, __u64 wait)
{
	__u32 hash = names_hash(names), at, least_at = 0;
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
		return VIGIE_DELAY_CELLS;
	at = least_at & (VIGIE_DELAY_CELLS - 1);
	cell = &cpu->culprits[e & 1][at];
	past = &cpu->culprit_past[e & 1][at];
	past->wait_ns = cell->wait_ns;
	past->waits = cell->waits;
	cell->victim.tgid = 0;
	return at;
}

/* The cell of the two processes: their own, a free one, the least's if that had less; or NULL. */
static __always_inline struct vigie_delay_process *culprit_process(struct vigie_cpu *cpu, __u32 e,
								   const struct slow *slow)
{
	__u32 hash = slow->victim * 0x9e3779b1u ^ slow->culprit * 0x85ebca6bu;
	struct vigie_delay_process *p, *least = NULL;
	__u64 had = slow->ns;
	int i;

	hash ^= hash >> 15;
#pragma unroll
	for (i = 0; i < VIGIE_DELAY_PROBES; i++) {
		p = &cpu->culprit_processes[e & 1][(hash + i) & (VIGIE_DELAY_PROCESSES - 1)];
		if (!p->victim || (p->victim == slow->victim && p->culprit == slow->culprit &&
				   p->execs == slow->execs))
			return p;
		if (p->wait_ns < had) {
			had = p->wait_ns;
			least = p;
		}
	}
	if (least)
		least->victim = 0;
	return least;
}

/* All that was known of the cell is of another pair: the reader sees that by the processes. */
static __always_inline void culprit_process_fill(struct vigie_delay_process *p,
						 const struct slow *slow)
{
	p->culprit = slow->culprit;
	p->execs = slow->execs;
	p->wait_ns = p->waits = 0;
	p->victim = slow->victim;
}

static __always_inline void culprit_add(struct vigie_cpu *cpu, __u32 e, __u32 at, __u64 wait)
{
	struct vigie_delay *cell = &cpu->culprits[e & 1][at & (VIGIE_DELAY_CELLS - 1)];

	cell->wait_ns += wait;
	cell->waits++;
}

/* By name; whose cell is at. False: it is in "other". */
static __always_inline bool culprit_by_name(struct vigie_cpu *cpu, __u32 e, const struct slow *slow,
					    __u32 *ret_at)
{
	__u32 at = culprit_cell(cpu, e, slow->names);
	struct vigie_delay *cell;

	if (at >= VIGIE_DELAY_CELLS) {
		cpu->loss[VIGIE_LOSS_DELAY_FULL]++;
		at = culprit_take(cpu, e, slow->names, slow->ns);
	}
	if (at >= VIGIE_DELAY_CELLS) {
		cpu->culprit_other_ns[e & 1] += slow->ns;
		cpu->culprit_other_waits[e & 1]++;
		return false;
	}
	at &= VIGIE_DELAY_CELLS - 1;
	cell = &cpu->culprits[e & 1][at];
	if (!cell->victim.tgid) {
		cell->culprit = slow->names[1];
		cell->victim = slow->names[0];
	}
	culprit_add(cpu, e, at, slow->ns);
	*ret_at = at;
	return true;
}

/* A cell that is known goes without names. The sum first: what a reader finds in a part is in it. */
static __always_inline void culprit_wait(struct task_struct *prev, struct task_struct *next,
					 __u64 wait, bool prev_dead)
{
	struct slow slow = {
		.victim = next->tgid,
		.culprit = prev->tgid,
		.execs = (__u32)(next->self_exec_id * 31 + prev->self_exec_id),
		.ns = wait,
	};
	struct vigie_cpu *cpu = this_cpu();
	struct vigie_delay_process *p;
	__u32 e = epoch & 1, at = 0;

	if (!cpu)
		return;
	cpu->slow_waits++;
	p = culprit_process(cpu, e, &slow);
	if (p && p->victim) {
		at = p->cell & (VIGIE_DELAY_CELLS - 1);
		if ((__u32)cpu->culprit_past[e][at].waits == p->cell_past) {
			culprit_add(cpu, e, at, wait);
			goto part;
		}
	}
	/* A dead prev may have lost its leader already: then it is the culprit itself. */
	if (slow.culprit)
		identity_party(prev, prev_dead ? prev : prev->group_leader, &slow.names[1]);
	identity_party(next, next->group_leader, &slow.names[0]);
	if (!culprit_by_name(cpu, e, &slow, &at) || !p)
		return;
	if (!p->victim)
		culprit_process_fill(p, &slow);
	p->cell = at;
	p->cell_past = (__u32)cpu->culprit_past[e][at & (VIGIE_DELAY_CELLS - 1)].waits;
part:
	p->wait_ns += wait;
	p->waits++;
}

#endif
