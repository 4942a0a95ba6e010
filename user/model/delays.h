/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * delays.h - who made whom wait, by group names.
 *
 * Owns: the bounded table of victim-culprit pairs and what did not fit it. Also the names
 * of parties that may be dead, for delays and for OOM kills.
 */
#ifndef VIGIE_MODEL_DELAYS_H
#define VIGIE_MODEL_DELAYS_H

#include "data/view.h"
#include "model/groups.h"

struct delay {
	__u32 sum;
	char *names; /* victim, NUL, culprit, NUL; NULL: the place is free */
	size_t len;
	__u64 wait_ns, waits, wait_inc_ns;
	__u64 seen_ns;
	__u64 ended_ns; /* its series ended then, and stays away for a while; 0: it is shown */
};

struct delays {
	__u32 max;
	__u64 linger_ns, seed;
	struct delay *pairs;
	struct hash index;
	struct delay **sorted;
	__u32 nsorted;
	__u32 free_hint; /* no place below it is free */
	bool changed;
	struct delay_view *view;
	__u64 other_ns, other_inc_ns;
};

int delays_init(struct delays *delays, const struct model_config *config, __u64 seed);
void delays_done(struct delays *delays);
void delays_apply(struct delays *delays, struct groups *groups, const struct snapshot *snapshot,
		  __u64 now_ns);
/* Fills in the view's delays. */
void delays_show(struct delays *delays, struct view *view);

/* The name of the group that a party belongs to, dead or alive; dst has LABELS_SIZE bytes. */
void party_name(struct groups *groups, const struct snapshot *snapshot,
		const struct vigie_party *party, char *dst);

#endif
