// SPDX-License-Identifier: GPL-2.0-only
/* memory.c - owns the prices and the shares. */
#include "daemon/memory.h"

#include <errno.h>

#include <vigie/abi.h>

/*
 * Bytes of all of it together: the daemon, the process that writes, the kernel. As measured with
 * tests/e2e/test_memory.py, which holds them against the kernel's figures, and rounded up.
 */
enum {
	/* Both processes with their libraries, programs, pages for clients, findings; loading takes 20 MB of it. */
	BASE = 24000000,
	A_CPU = 160 << 10, /* slots; pairs of slow waits, there and what was read of them */
	A_SERIES = 8192, /* a group on the page, in both formats, and deflated */
	A_GROUP = 2560, /* with its labels, and four raw keys that lead to it */
	A_CGROUP = 2048, /* a path of 500 bytes, as it was read and as the model has it */
	A_KEY = 2700, /* in two tables of the kernel, in what was read before and in what is handed on */
	A_TASK =
		2560, /* state in the kernel; a process of one thread here, in the history's two lists and on its way */
};

enum { TASKS_LEAST = 1024, GROUPS_LEAST = 256, KEYS_LEAST = 1024, CGROUPS_LEAST = 512 };
/* What vigie is made for, whatever it may take: more of these would help nobody. */
enum { GROUPS_MOST = 4096, CGROUPS_MOST = 32768 };

/* There are three of them, for pages have a copy of the last seconds; so much of each is within BASE. */
enum { CLIENTS_PART = 32, CLIENTS = 3, CLIENTS_IN_BASE = 6000000 };

uint64_t memory_of_clients(uint64_t limit)
{
	uint64_t least = BASE / 6, part = limit / CLIENTS_PART;

	return !limit || part > least ? part : least;
}

/* What is left to be divided has no more of these. */
static uint64_t clients_beyond_base(uint64_t limit)
{
	uint64_t part = memory_of_clients(limit);

	return part > CLIENTS_IN_BASE ? CLIENTS * (part - CLIENTS_IN_BASE) : 0;
}

static uint32_t groups_least(const struct memory_needs *needs)
{
	return needs->max_groups > GROUPS_LEAST ? needs->max_groups : GROUPS_LEAST;
}

uint64_t memory_least(const struct memory_needs *needs)
{
	return BASE + (uint64_t)A_CPU * needs->cpus + (uint64_t)A_SERIES * needs->max_groups +
	       (uint64_t)A_GROUP * groups_least(needs) + (uint64_t)A_CGROUP * CGROUPS_LEAST +
	       (uint64_t)A_KEY * KEYS_LEAST + (uint64_t)A_TASK * TASKS_LEAST;
}

uint64_t memory_default(const struct memory_needs *needs)
{
	uint64_t roomy = MEMORY_DEFAULT_BYTES / 2 + memory_least(needs);

	return roomy > MEMORY_DEFAULT_BYTES ? roomy : MEMORY_DEFAULT_BYTES;
}

/* The least of it, and what a part of what there is beyond that buys; what that does not need is left. */
static uint32_t take_share(uint64_t part, uint32_t price, uint32_t least, uint32_t most,
			   uint64_t *left)
{
	uint64_t n = part / price;

	if (least >= most)
		return least;
	if (n > most - least)
		n = most - least;
	*left -= n * price;
	return least + n;
}

int memory_divide(uint64_t limit, const struct memory_needs *needs, struct memory_shares *ret)
{
	uint64_t least = memory_least(needs), more, left, beyond;

	if (limit < least)
		return -ENOSPC;
	more = limit - least;
	beyond = clients_beyond_base(limit);
	more -= beyond < more ? beyond : more;
	left = more;
	ret->groups = take_share(more / 10, A_GROUP, groups_least(needs), GROUPS_MOST, &left);
	ret->retired = take_share(more / 5, A_KEY, KEYS_LEAST, VIGIE_RETIRED_MAX, &left);
	ret->cgroups = take_share(more / 10, A_CGROUP, CGROUPS_LEAST, CGROUPS_MOST, &left);
	ret->tasks = take_share(left, A_TASK, TASKS_LEAST, UINT32_MAX, &left);
	return 0;
}
