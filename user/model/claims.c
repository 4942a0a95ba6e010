// SPDX-License-Identifier: GPL-2.0-only
/*
 * claims.c - who gets a place on the page at once, and whose.
 *
 * Owns: what a claim is, and the bounds of taking places: only from who is half as large, and as
 * many in a minute as a quarter of the page has, or series would come and go with every burst.
 * Not here: the slow ranking, in at rank N and out at 2N (series_page.c).
 */
#include <stdlib.h>

#include "model/series_page.h"

/* So much larger than who gives way: of two alike neither drives the other out. */
#define CLAIM_FACTOR 2

/* A kill for want of memory, or the subject of a finding: whoever looks for it looks now. */
static bool is_urgent(const struct group *group)
{
	return group->favoured || group->now.inc.oom_kills;
}

bool group_is_quiet(const struct group *group)
{
	return group->rest && !is_urgent(group) && group_weight(group) < CLAIM_LEAST;
}

static bool claims_place(const struct group *group)
{
	return (group->newcomer && !group_is_quiet(group)) || is_urgent(group) ||
	       (!group->idle && group_weight(group) >= CLAIM_LEAST);
}

/* The urgent, then the largest; ties by labels, so that a replay decides alike. */
static int compare_claims(const void *a, const void *b)
{
	const struct group *x = *(struct group *const *)a, *y = *(struct group *const *)b;
	int urgent = is_urgent(y) - is_urgent(x);
	double gap = group_weight(y) - group_weight(x);

	if (urgent)
		return urgent;
	return gap > 0 ? 1 : gap < 0 ? -1 : group_compare_labels(x, y);
}

static __u32 collect_claims(struct series_page *page, const struct groups *groups, __u64 now_ns)
{
	__u32 i, n = 0;

	for (i = 0; i < groups->n; i++) {
		struct group *group = groups->all[i];

		if (!group->series && claims_place(group) &&
		    !is_absent(group->ended_ns, now_ns, page->linger_ns))
			page->rank[n++] = group;
	}
	return n;
}

/* What a claim must exceed; the longest to linger first of all. */
static double resistance(const struct series *series, __u64 now_ns)
{
	__u64 lingers_ns = now_ns - series_lingers_since(series, now_ns);

	return lingers_ns ? -(double)lingers_ns : CLAIM_FACTOR * group_weight(series->group);
}

/* For a minute after its end a series stays: so long it may take until the last scraper has it. */
static bool may_give_way(const struct series_page *page, const struct series *series, __u64 now_ns)
{
	__u64 lingers_ns = now_ns - series_lingers_since(series, now_ns);

	return now_ns >= series->safe_until_ns && (!lingers_ns || lingers_ns >= page->promote_ns);
}

/* The least of all, or nshown: nobody may give way. */
static __u32 find_least(const struct series_page *page, __u64 now_ns, double *ret)
{
	__u32 least = page->nshown, i;

	for (i = 0; i < page->nshown; i++) {
		const struct series *series = page->shown[i];
		double against = resistance(series, now_ns);

		if (!may_give_way(page, series, now_ns))
			continue;
		if (least < page->nshown &&
		    (against > *ret ||
		     (against == *ret &&
		      group_compare_labels(series->group, page->shown[least]->group) > 0)))
			continue;
		least = i;
		*ret = against;
	}
	return least;
}

static bool take_place(struct series_page *page, const struct group *group, __u64 now_ns)
{
	double against = 0;
	__u32 least = find_least(page, now_ns, &against);
	double weight = group_weight(group);

	if (least == page->nshown)
		return false;
	if (!is_urgent(group) && (weight < CLAIM_LEAST || weight < against))
		return false;
	/* The urgent may overdraw. */
	if (!allowance_take(&page->claims, page->promote_ns, page->max / 4, is_urgent(group)))
		return false;
	series_end(page, least, now_ns);
	return true;
}

/* What the least of those that take what accrues is worth. */
static double least_shown(const struct series_page *page)
{
	double least = 1;
	__u32 i;

	for (i = 0; i < page->nshown; i++) {
		const struct group *group = page->shown[i]->group;

		if (!group->demoted && !group->idle && group_weight(group) < least)
			least = group_weight(group);
	}
	return least;
}

/* Who has a place already keeps it, and who was demoted and is large again goes on at once. */
static void series_keep(struct series_page *page, __u64 now_ns)
{
	double least = least_shown(page);
	__u32 i;

	for (i = 0; i < page->nshown; i++) {
		struct series *series = page->shown[i];
		struct group *group = series->group;
		double weight = group_weight(group);

		if (is_urgent(group))
			series->safe_until_ns = now_ns + page->linger_ns;
		if (!group->demoted)
			continue;
		if (!is_urgent(group) && (weight < CLAIM_LEAST || weight < CLAIM_FACTOR * least))
			continue;
		group->demoted = false;
		page->promoted++;
	}
}

static void series_admit(struct series_page *page, struct group *group, __u64 safe_ns, __u64 now_ns)
{
	series_begin(page, group);
	page->promoted += !group->newcomer;
	group->series->safe_until_ns = now_ns + safe_ns;
}

static void favours_done(struct series_page *page)
{
	__u32 i;

	for (i = 0; i < page->nshown; i++)
		page->shown[i]->group->favoured = false;
}

void series_page_admit(struct series_page *page, const struct groups *groups, __u64 now_ns)
{
	__u32 n, i;

	allowance_refill(&page->claims, page->promote_ns, now_ns);
	series_keep(page, now_ns);
	n = collect_claims(page, groups, now_ns);
	if (n > page->max - page->nshown)
		qsort(page->rank, n, sizeof(*page->rank), compare_claims);
	for (i = 0; i < n; i++) {
		struct group *group = page->rank[i];
		bool full = page->nshown == page->max, urgent = is_urgent(group);

		if (!full || take_place(page, group, now_ns))
			series_admit(page, group,
				     urgent ? page->linger_ns
				     : full ? page->promote_ns
					    : 0,
				     now_ns);
		else if (!urgent)
			break;
	}
	favours_done(page);
}
