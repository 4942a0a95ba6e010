/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * watchers.h - the conditions, one function each, and their state. PURE.
 *
 * Owns: the state of struct detect. Only detect includes it. A watcher judges one view and
 * signals (episodes.h).
 */
#ifndef VIGIE_DETECT_WATCHERS_H
#define VIGIE_DETECT_WATCHERS_H

#include "base/hash.h"
#include "detect/episodes.h"
#include "detect/growth.h"
#include "detect/learned.h"
#include "detect/quantity.h"

enum { CGROUPS_MAX = 256 };

/* The state of a group. */
struct watched_group {
	__u64 key;
	__u64 seen_ns;
	struct growth growth;
	struct crash_window crashes;
	struct usage_window since; /* the last look of the learned ones */
	struct learned learned[DEPARTURES];
};

struct watched_cgroup {
	__u64 id;
	struct throttle throttle;
};

struct detect {
	struct detect_config config;
	struct episodes episodes;
	struct watched_group **groups;
	unsigned int ngroups;
	__u64 groups_shed;
	struct watched_cgroup cgroups[CGROUPS_MAX];
	unsigned int ncgroups;
	/* The host. */
	double usual_forks; /* a second */
	struct swapping swapping;
	struct losses losses;
	__u64 learned_ns; /* when the learned watchers were last run */
};

void watch_processes(struct detect *d, const struct view *view); /* starvation, runaway, stall */
void watch_ooms(struct detect *d, const struct view *view);
void watch_throttling(struct detect *d, const struct view *view);
void watch_host(struct detect *d, const struct view *view); /* forks, swap, our own losses */
void watch_groups(struct detect *d, const struct view *view); /* crashes, growth, departures */

/* How much of the last interval the process' cgroup was throttled by its own quota. */
double throttled_share(const struct detect *d, __u64 cgroup_id);

#endif
