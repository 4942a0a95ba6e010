/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * watchers.h - the conditions, one function each, and what they remember. PURE.
 *
 * Owns: the state of struct detect. Only detect includes it. A watcher looks at one view and
 * signals (events.h).
 */
#ifndef VIGIE_DETECT_WATCHERS_H
#define VIGIE_DETECT_WATCHERS_H

#include "base/hash.h"
#include "detect/events.h"
#include "detect/growth.h"
#include "detect/learned.h"

enum { DEPARTURES = 5, CGROUPS_MAX = 256, CRASH_PARTS = 6 };

/* What is remembered of a group. */
struct watched_group {
	__u64 key;
	__u64 seen_ns;
	struct growth growth;
	/* Crashes of the last minute, by 10 s. */
	__u64 crash_turn[CRASH_PARTS];
	__u32 by_signal[CRASH_PARTS], by_error[CRASH_PARTS], ends[CRASH_PARTS], starts[CRASH_PARTS];
	double watched_s[CRASH_PARTS], lived_s[CRASH_PARTS]; /* time, processes x time */
	/* Since the last look of the learned ones. */
	struct vigie_usage since;
	__u64 since_ns;
	struct learned learned[DEPARTURES];
};

struct watched_cgroup {
	__u64 id, throttled_ns, throttled_periods, periods, time_ns;
	double share, periods_share; /* of the last growth */
	bool known;
};

struct detect {
	struct detect_config config;
	struct events events;
	struct watched_group **groups;
	unsigned int ngroups;
	__u64 groups_shed;
	struct watched_cgroup cgroups[CGROUPS_MAX];
	unsigned int ncgroups;
	/* The host. */
	double usual_forks; /* a second */
	__u64 swap_in_pages, swap_out_pages;
	__u64 lost;
	__u64 learned_ns; /* when the learned ones looked last */
	bool began;
};

/* view->interval_ns in seconds. */
double view_seconds(const struct view *view);

void watch_processes(struct detect *d, const struct view *view); /* starvation, runaway, stall */
void watch_ooms(struct detect *d, const struct view *view);
void watch_throttling(struct detect *d, const struct view *view);
void watch_host(struct detect *d, const struct view *view); /* forks, swap, our own losses */
void watch_groups(struct detect *d, const struct view *view); /* crashes, growth, departures */

/* How much of the last interval the process' cgroup was throttled by its own quota. */
double throttled_share(const struct detect *d, __u64 cgroup_id);

#endif
