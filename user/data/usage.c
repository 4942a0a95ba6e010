// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage.c - struct vigie_usage as the array of words that abi.h promises it is.
 *
 * Owns: word-wise sums. Not here: differences (the kernel side hands out increments).
 */
#include "data/usage.h"

void usage_add(struct vigie_usage *sum, const struct vigie_usage *part)
{
	const __u64 *from = (const __u64 *)part;
	__u64 *to = (__u64 *)sum;
	int i;

	for (i = 0; i < VIGIE_USAGE_WORDS; i++)
		to[i] += from[i];
}

bool usage_is_zero(const struct vigie_usage *usage)
{
	const __u64 *word = (const __u64 *)usage;
	__u64 any = 0;
	int i;

	for (i = 0; i < VIGIE_USAGE_WORDS; i++)
		any |= word[i];
	return !any;
}
