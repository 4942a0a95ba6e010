/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * model.h - from snapshots to the view. PURE: no I/O, no clock, no log, no global.
 *
 * Owns: groups and their accumulated counters, top N with hysteresis, the balance.
 * Every increment is credited to exactly one series at the moment it accrues; no series
 * ever gives anything back; "other" is never a difference.
 * Not here: where snapshots come from (collect/), how a view looks (export/).
 */
#ifndef VIGIE_MODEL_MODEL_H
#define VIGIE_MODEL_MODEL_H

#include <stdbool.h>

#include "data/snapshot.h"
#include "data/view.h"

struct model_config {
	enum group_key keys[GROUP_KEYS];
	unsigned int nkeys; /* at least 1, no key twice */
	unsigned int max_groups; /* on the page, lingering ones included; default 100 */
	unsigned int max_known; /* groups remembered at all; default 4096 */
	__u64 linger_ns; /* exited or demoted groups stay that long; default 5 min */
	__u64 promote_ns; /* at most one round of promotions in that time; default 1 min */
	__u64 peak_window_ns; /* default 60 s */
	/*
	 * CPU time of /proc/stat that nobody was charged with for that long is unattributed: the
	 * dying hand in late. Default 0, which suits a single interval.
	 */
	__u64 balance_lag_ns;
	unsigned int max_delays; /* victim-culprit pairs; default 50 */
	bool fold_kernel; /* kernel threads that do next to nothing share a group; default true */
	bool unit_ids; /* a container's unit carries its id even where its name is known */
	/*
	 * Name of a uid for KEY_USER, or NULL for the number. Must be pure as far as the model
	 * can tell (a table that the caller filled); the result is sanitised by the model.
	 */
	const char *(*user_name)(void *ctx, __u32 uid);
	void *user_ctx;
};

struct model;

/* Fills in the defaults above with keys unit, comm. */
void model_config_default(struct model_config *config);
/* Everybody has series of their own: for one view, whose reader cuts and sums up what was cut. */
void model_config_unfolded(struct model_config *config);

/* Returns NULL with errno set. The configuration is copied. */
struct model *model__new(const struct model_config *config);
void model__free(struct model *model); /* accepts NULL */

/*
 * Credits one snapshot and rebuilds the view. The first snapshot is a base: whatever
 * increments it carries are credited like any other, host counters start at 0 there.
 * 0, or -ENOMEM with the model unchanged as far as its counters go: nothing credited twice
 * or lost, what found no memory is credited to other. *ret points into the model and is
 * valid until the next call.
 */
int model__apply(struct model *model, const struct snapshot *snapshot, const struct view **ret);

/* From the next snapshot on: how long exited or demoted groups stay. */
void model__set_linger(struct model *model, __u64 linger_ns);

/*
 * From the next snapshot on the group of this process of the last one has a series of its own,
 * for the linger time: a finding names it. Within the bounds of claims.c.
 */
void model__favour(struct model *model, __u32 pid);

#endif
