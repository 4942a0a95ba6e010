/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * groups.h - the groups that are remembered, and the cache from raw keys to them.
 *
 * Owns: identity (label values), what each group got in the current interval, scores.
 * Not here: which group has a series (series_page.h).
 */
#ifndef VIGIE_MODEL_GROUPS_H
#define VIGIE_MODEL_GROUPS_H

#include "base/hash.h"
#include "model/names.h"

struct series;

/* What one interval brought. */
struct tally {
	struct vigie_usage inc;
	__u64 rss_pages[VIGIE_RSS_KINDS];
	__u64 peak_pages; /* sum over the living of the highest each reached */
	__u64 dead_peak_pages; /* highest of any single dead one */
	__u32 processes, threads; /* zombies not counted */
};

void tally_add(struct tally *sum, const struct tally *part);
void tally_process(struct tally *tally, const struct process *process);
void tally_retired(struct tally *tally, const struct vigie_retired *retired);
bool tally_is_active(const struct tally *tally);
/* Highest resident of the interval, at least what is resident now. */
__u64 tally_peak_pages(const struct tally *tally);

/*
 * A series that ends stays away for that long: whoever scrapes at least once a minute sees that
 * it is gone before it begins at 0 again. Else its counter would seem to run backwards.
 */
static inline __u64 absence_ns(__u64 linger_ns)
{
	const __u64 minute_ns = 60000000000;

	return linger_ns < minute_ns ? linger_ns : minute_ns;
}

static inline bool is_absent(__u64 ended_ns, __u64 now_ns, __u64 linger_ns)
{
	return ended_ns && now_ns - ended_ns <= absence_ns(linger_ns);
}

struct group {
	__u32 sum, place;
	__u32 refs; /* raw keys that lead here */
	bool idle; /* nothing lived and nothing accrued in the last interval */
	bool newcomer; /* became active in this interval and has no series */
	bool demoted; /* its series lingers, its increments go to other */
	bool favoured; /* somebody asked for it: a finding names it */
	bool kernel;
	struct series *series; /* NULL: folded, its increments go to rest, or else to other */
	struct group *rest; /* of kernel threads: kernel_rest.h */
	struct unit_entry *unit;
	__u64 seen_ns; /* last time it was active */
	__u64 ended_ns; /* when its last series ended; 0: none did */
	double cpu, memory, wait; /* smoothed shares of the host, each in [0,1] */
	double recent; /* the sum of the same shares, of the last interval alone */
	struct tally now;
	__u32 pid, ppid, uid; /* of its last process in this snapshot, with KEY_PID only */
	__u64 start_ns, life_cpu_ns;
	const char *label[GROUP_KEYS];
	size_t len; /* of text, all terminators included */
	char text[];
};

struct raw_entry {
	struct vigie_key key;
	struct group *group; /* NULL: found no room, goes to other */
	__u64 seen_ns;
	__u64 generation; /* of names as this was last checked */
	__u64 version; /* of the cgroup's name as this was resolved */
	__u64 tried; /* groups.created when no room was found */
	__u32 sum;
};

struct groups {
	struct names *names;
	__u64 seed;
	struct group **all;
	__u32 n, max;
	size_t cap;
	struct hash index;
	__u64 created; /* groups ever made */
	__u64 folded; /* new raw names whose group found no room */
	struct raw_entry *raw;
	__u32 nraw, raw_max;
	size_t raw_cap;
	struct hash raw_index;
	__u64 swept_ns;
	struct group *kernel_rest; /* NULL: none yet, or none is wanted */
};

void groups_init(struct groups *groups, struct names *names, __u32 max, __u64 seed);
void groups_done(struct groups *groups);
/* Empties every group's tally. */
void groups_begin(struct groups *groups);
/* The group of a normalised key, made if need be; NULL: no room, no memory. */
struct group *groups_resolve(struct groups *groups, const struct vigie_key *key, __u64 now_ns);
/* The group that a normalised key leads to already, or NULL. */
struct group *groups_peek(struct groups *groups, const struct vigie_key *key);
void groups_sweep(struct groups *groups, __u64 now_ns, __u64 forget_ns);

/* After all increments are in: who is active, and the smoothed shares. */
struct shares {
	__u64 interval_ns;
	__u32 cpus;
	__u64 memory_pages;
};
void groups_rate(struct groups *groups, const struct shares *shares, __u64 now_ns);
/* What is left of a smoothed share after that time. */
double score_keep(__u64 interval_ns);
double group_score(const struct group *group);
/* The score, or what the last interval alone would make it: a newcomer has no past. */
double group_weight(const struct group *group);
int group_compare_labels(const struct group *a, const struct group *b);
/* Does its own series take what accrues? */
bool group_is_shown(const struct group *group);

#endif
