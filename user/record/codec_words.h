/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * codec_words.h - the parts of a snapshot that are a fixed number of counters, as words.
 *
 * Owns: the order of the words, alike for both directions. Only codec files include it.
 */
#ifndef VIGIE_RECORD_CODEC_WORDS_H
#define VIGIE_RECORD_CODEC_WORDS_H

#include "data/snapshot.h"

enum {
	WORDS_HOST = 8 + 12 + 2 + 3 + 3 + 3,
	WORDS_STAT = VIGIE_LOSSES + 16,
	WORDS_SLICES = sizeof(struct vigie_slices) / sizeof(__u64),
	WORDS_FIXED = WORDS_HOST + WORDS_STAT + WORDS_SLICES + 3,
};

/* time, wall, page size, host, slices, stat without its probes. */
void words_take(const struct snapshot *snapshot, __u64 words[WORDS_FIXED]);
void words_give(const __u64 words[WORDS_FIXED], struct snapshot *ret);

#endif
