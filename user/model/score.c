// SPDX-License-Identifier: GPL-2.0-only
/*
 * score.c - what an interval brought to a group, and how much of the host it is over time.
 *
 * Owns: tallies and the smoothed shares that ranks are made of. Smoothing is over time, not
 * over calls: a share of 0.1 for a second weighs the same as ten calls with 0.1 each.
 * Not here: what ranks decide (series_page.c).
 */
#include "data/usage.h"
#include "model/groups.h"

/* Half of a share is forgotten in that time: steadier than a burst, quicker than a shift. */
#define HALF_LIFE_NS 30000000000.0
#define RECENT_LEAST_NS 1000000000 /* what ran for 1 ms between two hurried scrapes is no hog */
#define LN2 0.69314718055994531

void tally_add(struct tally *sum, const struct tally *part)
{
	int i;

	usage_add(&sum->inc, &part->inc);
	for (i = 0; i < VIGIE_RSS_KINDS; i++)
		sum->rss_pages[i] += part->rss_pages[i];
	sum->peak_pages += part->peak_pages;
	if (sum->dead_peak_pages < part->dead_peak_pages)
		sum->dead_peak_pages = part->dead_peak_pages;
	sum->processes += part->processes;
	sum->threads += part->threads;
}

static __u64 resident_pages(const __u64 rss_pages[VIGIE_RSS_KINDS])
{
	return rss_pages[VIGIE_RSS_FILE] + rss_pages[VIGIE_RSS_ANON] + rss_pages[VIGIE_RSS_SHMEM];
}

/* No RSS has huge pages, and yet nobody else can have them. */
static __u64 held_pages(const __u64 rss_pages[VIGIE_RSS_KINDS])
{
	return resident_pages(rss_pages) + rss_pages[VIGIE_RSS_HUGETLB];
}

void tally_process(struct tally *tally, const struct process *process)
{
	__u64 resident = resident_pages(process->rss_pages);
	int i;

	usage_add(&tally->inc, &process->inc);
	if (process->flags & VIGIE_TASK_ZOMBIE)
		return;
	for (i = 0; i < VIGIE_RSS_KINDS; i++)
		tally->rss_pages[i] += process->rss_pages[i];
	tally->peak_pages += process->peak_pages > resident ? process->peak_pages : resident;
	tally->processes++;
	tally->threads += process->threads;
}

void tally_retired(struct tally *tally, const struct vigie_retired *retired)
{
	usage_add(&tally->inc, &retired->inc);
	if (tally->dead_peak_pages < retired->peak_pages)
		tally->dead_peak_pages = retired->peak_pages;
}

bool tally_is_active(const struct tally *tally)
{
	return tally->processes || !usage_is_zero(&tally->inc);
}

__u64 tally_peak_pages(const struct tally *tally)
{
	return tally->peak_pages > tally->dead_peak_pages ? tally->peak_pages
							  : tally->dead_peak_pages;
}

/* 2^-x for x >= 0, to 1e-7: halving for the whole part, a Taylor series for the rest. */
static double decay(double x)
{
	double whole = 1, part = 1, term = 1;
	int i;

	if (x > 60)
		return 0;
	for (; x >= 1; x -= 1)
		whole /= 2;
	for (i = 1; i < 10; i++) {
		term *= -LN2 * x / i;
		part += term;
	}
	return whole * part;
}

double score_keep(__u64 interval_ns)
{
	return decay((double)interval_ns / HALF_LIFE_NS);
}

static double at_most_1(double share)
{
	return share < 1 ? share : 1;
}

static double recent_share(__u64 ns, const struct shares *shares)
{
	__u64 span_ns = shares->interval_ns;

	if (span_ns < RECENT_LEAST_NS)
		span_ns = RECENT_LEAST_NS;
	return at_most_1((double)ns / ((double)span_ns * (shares->cpus ? shares->cpus : 1)));
}

void groups_rate(struct groups *groups, const struct shares *shares, __u64 now_ns)
{
	double interval_ns = (double)shares->interval_ns;
	double keep = score_keep(shares->interval_ns);
	/* What one nanosecond of CPU adds; the limit where no time has passed. */
	double gain = (interval_ns > 0 ? (1 - keep) / interval_ns : LN2 / HALF_LIFE_NS) /
		      (shares->cpus ? shares->cpus : 1);
	__u32 i;

	for (i = 0; i < groups->n; i++) {
		struct group *group = groups->all[i];
		const struct vigie_usage *inc = &group->now.inc;
		bool active = tally_is_active(&group->now), first = !group->seen_ns;
		double memory =
			at_most_1((double)held_pages(group->now.rss_pages) /
				  (double)(shares->memory_pages ? shares->memory_pages : 1));

		group->newcomer = active && group->idle && !group->series;
		group->idle = !active;
		if (active)
			group->seen_ns = now_ns;
		group->cpu = at_most_1(group->cpu * keep +
				       gain * (double)(inc->user_ns + inc->system_ns));
		group->wait = at_most_1(group->wait * keep + gain * (double)inc->wait_ns);
		group->memory = first ? memory : group->memory * keep + memory * (1 - keep);
		group->recent = recent_share(inc->user_ns + inc->system_ns, shares) +
				recent_share(inc->wait_ns, shares) + memory;
	}
}

double group_score(const struct group *group)
{
	return group->cpu + group->memory + group->wait;
}

double group_weight(const struct group *group)
{
	double score = group_score(group);

	return score > group->recent ? score : group->recent;
}
