/* SPDX-License-Identifier: GPL-2.0-only */
/* profile_rank.h - sums by name, largest first: what a summary's tables are made of. */
#ifndef VIGIE_EXPORT_PROFILE_RANK_H
#define VIGIE_EXPORT_PROFILE_RANK_H

#include "base/hash.h"
#include "data/profile.h"

struct rank_row {
	char *name;
	__u64 self, total;
	__u64 mark; /* the last sample that counted here: a recursion counts once */
};

struct rank {
	struct rank_row *rows;
	__u32 n, room;
	struct hash by_name;
	__u64 sum; /* of all self */
};

void rank_init(struct rank *r);
void rank_done(struct rank *r);
/* total once for each mark. 0 or -ENOMEM. */
int rank_add(struct rank *r, const char *name, __u64 self, __u64 total, __u64 mark);
void rank_sort(struct rank *r); /* by self, then total, then name; nothing is added afterwards */

/* Functions on a CPU; waits by reason and function; parties of a view. 0 or -ENOMEM. */
int rank_functions(struct rank *r, const struct profile *p);
int rank_waits(struct rank *r, const struct profile *p);
int rank_parties(struct rank *r, const struct profile *p, enum profile_view view);
/* Functions by the bytes that they touched first. */
int rank_faults(struct rank *r, const struct profile *p);

#endif
