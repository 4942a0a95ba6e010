/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * codec_parts.h - what encoder and decoder must agree on. Only codec files include it.
 *
 *	entry     = [shape] words, probes, processes, retired, culprits, ooms, cgroups, cgroup_stats
 *	shape     = in a key: how many words, kinds of rss, words of a cgroup follow each time
 *	process   = token [skip] [identity] [fields by mask]
 *	token     = mask << 2 | kind
 *
 * All numbers are varints; see docs/history.md for each of them.
 */
#ifndef VIGIE_RECORD_CODEC_PARTS_H
#define VIGIE_RECORD_CODEC_PARTS_H

#include "base/varint.h"
#include "data/snapshot.h"

/* How a process relates to those of the entry before, in the order of pids. */
enum process_kind {
	PROCESS_NEXT, /* the one that comes next there */
	PROCESS_SKIP, /* after leaving out as many as the number that follows says */
	PROCESS_NEW, /* not there: pid (from the last one), start and identity follow */
	PROCESS_END, /* no more */
};

/* What of it differs from what can be expected. */
enum process_mask {
	MASK_SLEEP = 1 << 0, /* inc.off_ns[sleep] is not threads x what the last sleeper had */
	MASK_USAGE = 1 << 1, /* anything else in inc is not zero */
	MASK_RSS = 1 << 2, /* rss_pages, against before */
	MASK_PEAK = 1 << 3, /* peak_pages is not what is resident now */
	MASK_LIFE = 1 << 4, /* life_cpu_ns is not that of before plus inc's */
	MASK_IDENTITY = 1 << 5, /* identity differs from before */
	MASKS = 1 << 6,
};

enum {
	PROCESSES_MAX = 1 << 20, /* more than any host has; a reader refuses more */
	SHAPE_MAX = 1024, /* words that a writer may have of one list */
	PATH_MAX_LEN = 4096,
};

static inline __u64 resident_pages(const __u64 rss[VIGIE_RSS_KINDS])
{
	return rss[VIGIE_RSS_FILE] + rss[VIGIE_RSS_ANON] + rss[VIGIE_RSS_SHMEM];
}

/* The time asleep that is expected of a process, from others in this entry. */
struct sleep_guess {
	__u64 each_ns; /* of one thread */
};

static inline __u64 guess_sleep(const struct sleep_guess *guess, const struct process *process)
{
	return guess->each_ns * process->threads;
}

/* Only a process that did nothing but sleep is used to predict the next one. */
static inline void guess_learn(struct sleep_guess *guess, const struct process *process,
			       unsigned int mask)
{
	if (!(mask & MASK_USAGE) && process->threads)
		guess->each_ns = process->inc.off_ns[VIGIE_OFF_SLEEP] / process->threads;
}

#endif
