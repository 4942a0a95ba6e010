/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * words.h - numbers in the kernel's small text files. PURE.
 *
 * Owns: "name number" lines and pressure lines. Not here: which file has which.
 */
#ifndef VIGIE_COLLECT_WORDS_H
#define VIGIE_COLLECT_WORDS_H

#include <stdbool.h>

#include "data/snapshot.h"

/* Digits at the beginning of a text, 0 without ("max", "-1"); what does not fit is the highest. */
__u64 words_number(const char *text);

struct word {
	const char *name;
	size_t len;
	__u64 value;
	bool there;
};
#define WORD(text)                                      \
	{                                               \
		.name = (text), .len = sizeof(text) - 1 \
	}

/* The numbers behind these names where they begin a line, in one pass. */
void words_find(const char *text, struct word *words, unsigned int n);
/*
 * Totals of "some avg10=0.00 avg60=0.00 avg300=0.00 total=123" and "full …", since boot or since
 * the cgroup began. Returns which of the lines there are: bit 1 << stall.
 */
unsigned int words_pressure(const char *text, __u64 ret_ns[PSI_STALLS]);

#endif
