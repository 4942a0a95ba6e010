/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * codec_words.h - the numbers that counters have on the disk, alike for both directions.
 *
 * A number is for good: recordings are read by later builds. **Append only**: a new counter gets
 * the next free number, wherever it stands in its struct; one that is dropped leaves a hole, and
 * its number is never given again. Then an older recording has 0 for it, and an older build
 * skips it. Places to touch for a new counter:
 *
 *	include/vigie/abi.h or user/data/snapshot.h	the member
 *	codec_words.c					its number, and the total here
 *	tests/unit/test_record_numbers.c		the same once more
 *
 * Owns: these numbers. Only codec files include it.
 */
#ifndef VIGIE_RECORD_CODEC_WORDS_H
#define VIGIE_RECORD_CODEC_WORDS_H

#include "data/snapshot.h"

/* How many numbers were ever given, holes included. */
enum {
	NUMBERS_FIXED = 86, /* time, host, slices, statistics: what a snapshot has once */
	NUMBERS_USAGE = 37, /* of struct vigie_usage */
	NUMBERS_RSS = 5, /* enum vigie_rss is the number */
	NUMBERS_CGROUP = 31, /* the place in struct cgroup_stat is the number */
	NUMBER_SLEEP = 15, /* of off_ns[VIGIE_OFF_SLEEP] */
	USAGE_HOLE = -1,
};

/* How many of each list the writer of a recording knew: a key of version 2 begins with it. */
struct codec_shape {
	__u32 fixed, rss, cgroup;
};

/* That of version 1, which does not tell it. It never changes. */
static inline struct codec_shape codec_shape_1(void)
{
	return (struct codec_shape){ .fixed = 73, .rss = 4, .cgroup = 7 };
}

void words_take(const struct snapshot *snapshot, __u64 words[NUMBERS_FIXED]);
void words_give(const __u64 words[NUMBERS_FIXED], struct snapshot *ret);
/* The word of struct vigie_usage that has this number, or USAGE_HOLE: nothing that we know. */
int usage_word(unsigned int number);

#endif
