/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memory.h - what --max-memory leaves room for. PURE.
 *
 * Owns: how much each of vigie's tables takes, and how a limit is divided among them. All that grows with
 * the host is in a table with a capacity, and what finds no room there goes where it always went (docs/design.md,
 * Bounds): nobody watches the memory while vigie serves, and nothing is taken back. Not here: the
 * tables, what happens when one is full.
 */
#ifndef VIGIE_DAEMON_MEMORY_H
#define VIGIE_DAEMON_MEMORY_H

#include <stdint.h>

#define MEMORY_DEFAULT_BYTES 192000000ULL
#define MEMORY_UNSAID UINT64_MAX /* nobody said a limit: no size that can be typed */

struct memory_needs {
	unsigned int cpus; /* possible ones */
	unsigned int max_groups; /* with series of their own: never fewer than asked for */
};

struct memory_shares {
	uint32_t tasks; /* threads with a state in the kernel, and their processes here */
	uint32_t groups; /* that are remembered */
	uint32_t retired; /* keys of dead tasks, in each of the two tables */
	uint32_t cgroups; /* names */
};

/*
 * Bytes that each of these may take of what is put aside for clients: the last seconds for who watches them, and
 * answers that are being read. 0: as limit, no bound.
 */
uint64_t memory_of_clients(uint64_t limit);
/* Below that vigie does not start. */
uint64_t memory_least(const struct memory_needs *needs);
/* Where nobody says a limit: MEMORY_DEFAULT_BYTES, and more where hundreds of CPUs leave too little of it. */
uint64_t memory_default(const struct memory_needs *needs);
/* 0, or -ENOSPC: limit is below the least. */
int memory_divide(uint64_t limit, const struct memory_needs *needs, struct memory_shares *ret);

#endif
