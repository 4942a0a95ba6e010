// SPDX-License-Identifier: GPL-2.0-only
/*
 * series_page.c - series: who gets one, what accrues to it, when it ends.
 *
 * Owns: the order of things within an interval, which is what keeps the sums right:
 * age out, admit newcomers, credit, then promote and demote (that takes effect in the next
 * interval), then divide the gauges. Not here: who is admitted (claims.c), how a page is shown
 * (present.c).
 */
#include "model/series_page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "data/usage.h"
#include "model/kernel_rest.h"

int series_page_init(struct series_page *page, const struct model_config *config, __u32 max_known)
{
	__u32 i;

	*page = (struct series_page){
		.max = config->max_groups,
		.linger_ns = config->linger_ns,
		.promote_ns = config->promote_ns,
		.part_ns = config->peak_window_ns / WINDOW_PARTS,
	};
	if (!page->part_ns)
		page->part_ns = 1;
	page->pool = calloc(page->max, sizeof(*page->pool));
	page->shown = calloc(page->max, sizeof(*page->shown));
	page->rank = calloc(max_known, sizeof(*page->rank));
	if (!page->pool || !page->shown || !page->rank) {
		series_page_done(page);
		return -ENOMEM;
	}
	for (i = 0; i < page->max; i++)
		page->shown[i] = &page->pool[i];
	return 0;
}

void series_page_done(struct series_page *page)
{
	free(page->pool);
	free(page->shown);
	free(page->rank);
	page->pool = NULL;
	page->shown = NULL;
	page->rank = NULL;
}

void series_begin(struct series_page *page, struct group *group)
{
	struct series *series = page->shown[page->nshown++];

	*series = (struct series){ .group = group };
	group->series = series;
	group->demoted = false;
	page->changed = true;
}

void series_end(struct series_page *page, __u32 at, __u64 now_ns)
{
	struct series *series = page->shown[at];

	page->retired.user_ns += series->total.user_ns;
	page->retired.system_ns += series->total.system_ns;
	series->group->series = NULL;
	series->group->demoted = false;
	series->group->ended_ns = now_ns;
	series->group = NULL;
	page->shown[at] = page->shown[--page->nshown];
	page->shown[page->nshown] = series;
	page->ended++;
	page->changed = true;
}

__u64 series_lingers_since(const struct series *series, __u64 now_ns)
{
	if (series->group->demoted)
		return series->demoted_ns;
	return series->group->idle ? series->group->seen_ns : now_ns;
}

static void age(struct series_page *page, __u64 now_ns)
{
	__u32 i;

	for (i = page->nshown; i-- > 0;) {
		const struct series *series = page->shown[i];
		bool lingers = series->group->demoted || series->group->idle;

		if (lingers && now_ns - series_lingers_since(series, now_ns) >= page->linger_ns)
			series_end(page, i, now_ns);
	}
}

/* Highest score first; ties by labels, so that a replay decides alike. */
static int compare_rank(const void *a, const void *b)
{
	const struct group *x = *(struct group *const *)a, *y = *(struct group *const *)b;
	double gap = group_score(y) - group_score(x);

	return gap > 0 ? 1 : gap < 0 ? -1 : group_compare_labels(x, y);
}

static __u32 collect_active(struct series_page *page, const struct groups *groups)
{
	__u32 i, n = 0;

	for (i = 0; i < groups->n; i++)
		if (!groups->all[i]->idle && !group_is_quiet(groups->all[i]))
			page->rank[n++] = groups->all[i];
	return n;
}

static void credit_series(struct series *series, const struct vigie_usage *inc)
{
	series->inc = *inc;
	usage_add(&series->total, inc);
}

static void page_credit(struct series_page *page, const struct groups *groups,
			const struct tally *direct)
{
	struct vigie_usage other = direct->inc;
	__u32 i;

	page->credited.user_ns += other.user_ns;
	page->credited.system_ns += other.system_ns;
	for (i = 0; i < groups->n; i++) {
		struct group *group = groups->all[i];

		page->credited.user_ns += group->now.inc.user_ns;
		page->credited.system_ns += group->now.inc.system_ns;
		if (group_is_shown(group)) {
			credit_series(group->series, &group->now.inc);
			continue;
		}
		if (group->series)
			memset(&group->series->inc, 0, sizeof(group->series->inc));
		usage_add(&other, &group->now.inc);
	}
	credit_series(&page->other, &other);
}

static void demote(struct series_page *page, __u32 n, __u64 now_ns)
{
	__u32 i;

	for (i = page->max; i < n; i++) {
		struct group *group = page->rank[i];

		if (!group_is_shown(group) || now_ns < group->series->safe_until_ns)
			continue;
		group->demoted = true;
		group->series->demoted_ns = now_ns;
	}
}

/* Half of what got them their series: none comes and goes with every snapshot. */
static void demote_quiet(struct series_page *page, __u64 now_ns)
{
	__u32 i;

	for (i = 0; i < page->nshown; i++) {
		struct group *group = page->shown[i]->group;

		if (!group->rest || group->demoted || now_ns < page->shown[i]->safe_until_ns ||
		    group_weight(group) >= CLAIM_LEAST / 2)
			continue;
		group->demoted = true;
		page->shown[i]->demoted_ns = now_ns;
	}
}

/*
 * Who has a lingering series goes on where it stopped. With room to spare there is no need
 * for hysteresis: then the whole page counts.
 */
static void page_resume(struct series_page *page, __u32 n)
{
	__u32 limit = page->nshown < page->max ? page->max : (page->max + 1) / 2, i;

	for (i = 0; i < n && i < limit; i++) {
		if (!page->rank[i]->demoted)
			continue;
		page->rank[i]->demoted = false;
		page->promoted++;
	}
}

/* Ends the series that has lingered longest, if that is long enough. */
static bool make_room(struct series_page *page, __u64 now_ns)
{
	__u64 longest = now_ns;
	__u32 at = page->nshown, i;

	for (i = 0; i < page->nshown; i++) {
		__u64 since = series_lingers_since(page->shown[i], now_ns);

		if (since < longest ||
		    (at < page->nshown && since == longest &&
		     group_compare_labels(page->shown[i]->group, page->shown[at]->group) < 0)) {
			longest = since;
			at = i;
		}
	}
	if (at == page->nshown || now_ns - longest < page->promote_ns)
		return false;
	series_end(page, at, now_ns);
	return true;
}

static void promote(struct series_page *page, __u32 n, __u64 now_ns)
{
	__u32 i;

	for (i = 0; i < n && i < page->max; i++) {
		if (page->rank[i]->series ||
		    is_absent(page->rank[i]->ended_ns, now_ns, page->linger_ns))
			continue;
		if (page->nshown == page->max &&
		    (i >= (page->max + 1) / 2 || !make_room(page, now_ns)))
			return;
		series_begin(page, page->rank[i]);
		page->promoted++;
	}
}

static void round_of_promotions(struct series_page *page, const struct groups *groups, __u64 now_ns)
{
	__u32 n;

	if (now_ns - page->round_ns < page->promote_ns)
		return;
	page->round_ns = now_ns;
	n = collect_active(page, groups);
	qsort(page->rank, n, sizeof(*page->rank), compare_rank);
	demote(page, n, now_ns);
	demote_quiet(page, now_ns);
	page_resume(page, n);
	promote(page, n, now_ns);
}

/* Peaks are in pages here and in the window: the page size is the snapshot's matter. */
static void gauge(struct series_page *page, const struct groups *groups, const struct tally *direct,
		  __u64 now_ns)
{
	__u32 i;

	page->other_now = *direct;
	for (i = 0; i < groups->n; i++) {
		const struct group *group = groups->all[i];

		if (group_is_shown(group))
			window_add(&group->series->peak, page->part_ns, now_ns,
				   tally_peak_pages(&group->now));
		else
			tally_add(&page->other_now, &group->now);
	}
	window_add(&page->other.peak, page->part_ns, now_ns, tally_peak_pages(&page->other_now));
}

void series_page_apply(struct series_page *page, struct groups *groups, const struct tally *direct,
		       __u64 now_ns)
{
	if (!page->began)
		page->round_ns = now_ns;
	page->began = true;
	age(page, now_ns);
	series_page_admit(page, groups, now_ns);
	kernel_rest_take(groups);
	page_credit(page, groups, direct);
	round_of_promotions(page, groups, now_ns);
	gauge(page, groups, direct, now_ns);
}

static int compare_series(const void *a, const void *b)
{
	return group_compare_labels((*(struct series *const *)a)->group,
				    (*(struct series *const *)b)->group);
}

bool series_page_sort(struct series_page *page)
{
	if (!page->changed)
		return false;
	page->changed = false;
	qsort(page->shown, page->nshown, sizeof(*page->shown), compare_series);
	return true;
}
