/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * delays.h - who made whom wait, by group names.
 *
 * Owns: the victim-culprit pairs that are remembered, which of them have a series, and what
 * accrues to others. Also the names of parties that may be dead, for delays and for OOM kills.
 */
#ifndef VIGIE_MODEL_DELAYS_H
#define VIGIE_MODEL_DELAYS_H

#include "data/view.h"
#include "model/allowance.h"
#include "model/groups.h"

struct delay {
	__u32 sum;
	/* Victim, NUL, culprit, NUL, then the labels of both, each with a NUL; NULL: the place is free. */
	char *names;
	size_t len, labels; /* where the labels of the victim begin */
	size_t culprit_labels;
	bool shown; /* it has a series: what accrues is its own */
	__u64 wait_ns, waits; /* of the series */
	__u64 inc_ns, waits_inc; /* of this interval */
	double smooth, size; /* wait a second, over time; and that or the last interval's */
	__u64 seen_ns;
	__u64 safe_until_ns; /* until then nobody takes its place */
	__u64 ended_ns; /* its series ended then, and stays away for a while; 0: none did */
};

struct delays {
	__u32 max, known; /* series, pairs remembered */
	__u64 linger_ns, span_ns, seed;
	struct delay *pairs;
	struct hash index;
	__u32 npairs, nshown;
	__u32 free_hint; /* no place below it is free */
	struct delay **rank; /* scratch for all pairs */
	struct delay **sorted; /* those shown, by name */
	bool changed;
	struct allowance claims;
	struct delay_view *view;
	__u64 other_ns, other_inc_ns;
	__u64 sum_ns, direct_ns; /* of this interval: all pairs, and what found none */
	__u64 retired_ns; /* of ended series */
};

int delays_init(struct delays *delays, const struct model_config *config, __u64 seed);
void delays_done(struct delays *delays);
void delays_apply(struct delays *delays, struct groups *groups, const struct snapshot *snapshot,
		  __u64 interval_ns, __u64 now_ns);
/* Fills in the view's delays. */
void delays_show(struct delays *delays, struct view *view);

/*
 * The labels of the group that a party belongs to, dead or alive, each terminated; dst has
 * LABELS_SIZE bytes. Returns their length, as party_join() takes it.
 */
size_t party_labels(struct groups *groups, const struct snapshot *snapshot,
		    const struct vigie_party *party, char *dst);
/* These as one name; dst has LABELS_SIZE bytes. Returns its length with the NUL. */
size_t party_join(const struct vigie_party *party, const char *labels, size_t len, char *dst);
/* Both in one. */
void party_name(struct groups *groups, const struct snapshot *snapshot,
		const struct vigie_party *party, char *dst);

#endif
