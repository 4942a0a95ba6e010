/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * series_page.h - which groups have a series of their own, and all accumulated counters.
 *
 * Owns: series, "other", what ended, and whose place is taken for whom. No memory is allocated
 * after series_page_init(): crediting cannot fail. Not here: identity and scores (groups.h).
 */
#ifndef VIGIE_MODEL_SERIES_PAGE_H
#define VIGIE_MODEL_SERIES_PAGE_H

#include "model/allowance.h"
#include "model/groups.h"
#include "model/window.h"

/* Of the host: from there on a group need not be new to get a place, and may take one. */
#define CLAIM_LEAST 0.001

struct series {
	struct group *group;
	struct vigie_usage total;
	struct vigie_usage inc;
	struct window peak;
	__u64 demoted_ns;
	__u64 safe_until_ns; /* until then nobody takes its place */
	__u32 place; /* in the view's groups, while it is shown */
};

struct series_page {
	__u32 max; /* series at once, lingering ones included */
	__u64 linger_ns, promote_ns, part_ns;
	struct series *pool;
	struct series **shown; /* the first nshown are in use, the rest are free */
	__u32 nshown;
	struct group **rank; /* scratch for all groups that may be known */
	__u64 round_ns; /* last round of promotions */
	struct allowance claims; /* of taking places: claims.c */
	bool began;
	bool changed; /* membership, since somebody sorted */

	struct series other; /* without a group */
	struct tally other_now; /* gauges and increments of whatever has no series */
	struct cpu_split credited; /* all increments ever, whoever got them */
	struct cpu_split retired; /* of ended series */
	__u64 ended, promoted;
};

int series_page_init(struct series_page *page, const struct model_config *config, __u32 max_known);
void series_page_done(struct series_page *page);
/* One interval, tallied and rated: direct is what found no group. */
void series_page_apply(struct series_page *page, struct groups *groups, const struct tally *direct,
		       __u64 now_ns);
/*
 * The parts of the above in claims.c: newcomers and whoever is large get a place, a free one or
 * that of the least; before anything of this interval is credited.
 */
void series_page_admit(struct series_page *page, const struct groups *groups, __u64 now_ns);
/* A kernel thread that is shown with others, in their group. */
bool group_is_quiet(const struct group *group);
void series_begin(struct series_page *page, struct group *group);
void series_end(struct series_page *page, __u32 at, __u64 now_ns);
/* Since when the series only lingers; now_ns if it does not. */
__u64 series_lingers_since(const struct series *series, __u64 now_ns);
/* By label values; true if the order or the membership has changed since the last call. */
bool series_page_sort(struct series_page *page);

#endif
