/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tally.h - a profile's samples added up by one label: by function, by what a wait is
 * told by, by party.
 *
 * Owns: labels and their sums, now and before. Not here: how they are shown (text.c).
 */
#ifndef VIGIE_REPORT_TALLY_H
#define VIGIE_REPORT_TALLY_H

#include "base/intern.h"
#include "data/profile.h"
#include "report/walk.h"

enum profile_tally_when { PROFILE_NOW, PROFILE_BEFORE, PROFILE_WHENS };

struct profile_tally_row {
	__u64 self[PROFILE_WHENS]; /* ns or bytes: of samples whose label it is */
	__u64 total[PROFILE_WHENS]; /* of samples that it is anywhere in */
	__u64 seen; /* the sample that counted it last */
};

struct profile_tally {
	struct intern labels;
	struct profile_tally_row *rows; /* of each label */
	size_t room;
	__u64 sum[PROFILE_WHENS]; /* of all samples */
	__u64 samples;
	int err; /* sticky */
};

void profile_tally_init(struct profile_tally *t);
void profile_tally_done(struct profile_tally *t);

/* Functions, as "name [module]": self and total. A recursive one counts once a sample. */
void profile_tally_functions(struct profile_tally *t, struct profile_walk *w,
			     enum profile_view view, enum profile_tally_when when);
/* What tells a stack from others: "reason<TAB>function > what it called"; self only. */
void profile_tally_places(struct profile_tally *t, struct profile_walk *w, enum profile_view view,
			  enum profile_tally_when when);
/* The reason or party; self only. */
void profile_tally_tags(struct profile_tally *t, struct profile_walk *w, enum profile_view view,
			enum profile_tally_when when);

/* Of the run queue: "same cgroup<TAB>unit" and the like; self only. */
void profile_tally_relations(struct profile_tally *t, struct profile_walk *w,
			     enum profile_view view, enum profile_tally_when when);

/*
 * Of the wakers: "thread<TAB>lock < waker: pipe < its waker", where there are two and more; the sum is
 * that of all chains.
 */
void profile_tally_chains(struct profile_tally *t, struct profile_walk *w, enum profile_view view,
			  enum profile_tally_when when);

/* Rows by a key, largest first; ties by label. Free it. NULL: out of memory. */
typedef __s64 (*profile_tally_key)(const struct profile_tally *t,
				   const struct profile_tally_row *row);
__u32 *profile_tally_order(const struct profile_tally *t, profile_tally_key key);

__s64 profile_tally_by_self(const struct profile_tally *t, const struct profile_tally_row *row);
__s64 profile_tally_by_total(const struct profile_tally *t, const struct profile_tally_row *row);
/* By growth of its share, in millionths of the view's sum. */
__s64 profile_tally_by_growth(const struct profile_tally *t, const struct profile_tally_row *row);
__s64 profile_tally_by_loss(const struct profile_tally *t, const struct profile_tally_row *row);

#endif
