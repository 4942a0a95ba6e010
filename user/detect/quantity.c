// SPDX-License-Identifier: GPL-2.0-only
/* quantity.c - owns the figures themselves. Following one by its names is in quantity_follow.c. */
#include "detect/quantity.h"

#include <string.h>

#include "base/units.h"
#include "data/usage.h"
#include "detect/subject.h"

#define LEAST_NS (400 * NS_PER_MS)
#define THRASH_FAULTS 100 /* major ones a second */
#define NEAR_LIMIT 0.95
#define STAT_OLD_NS (10 * NS_PER_S)

bool view_is_long(const struct view *view)
{
	return view->interval_ns >= LEAST_NS;
}

double view_seconds(const struct view *view)
{
	return view->interval_ns / 1e9;
}

static double ratio(double a, double b)
{
	return b > 0 ? a / b : 0;
}

__u64 quantity_cpu_ns(const struct vigie_usage *inc)
{
	return inc->user_ns + inc->system_ns;
}

double quantity_cpus(const struct vigie_usage *inc, double seconds)
{
	return quantity_cpu_ns(inc) / 1e9 / seconds;
}

double quantity_wait_ratio(const struct vigie_usage *inc)
{
	double wait = inc->wait_ns, cpu = quantity_cpu_ns(inc);

	return wait / (wait + cpu + 1);
}

/* --- Memory. */

static bool is_short(const struct view *view, const struct cgroup_view *cgroup)
{
	const struct host_memory *m = &view->host.memory;

	if (cgroup)
		return cgroup->stat->memory_used > NEAR_LIMIT * cgroup->stat->memory_limit;
	return m->available < (1 - NEAR_LIMIT) * m->total;
}

double quantity_stall(const struct view *view, const struct process *p)
{
	const struct vigie_usage *inc = &p->inc;
	const struct cgroup_view *cgroup = subject_limited_cgroup(view, p->cgroup_id);
	double wall = view->interval_ns, share;
	__u64 stalled = inc->off_ns[VIGIE_OFF_MEMORY], reclaim = 0;
	bool thrashes;
	int i;

	for (i = 0; i < VIGIE_STALLS; i++)
		reclaim += inc->stall_ns[i];
	/* Part of a reclaim is time off the CPU for memory: the larger one is no double count. */
	if (reclaim > stalled)
		stalled = reclaim;
	/* Without PSI what is read back counts as a wait for the disk. */
	thrashes = inc->major_faults > THRASH_FAULTS * view_seconds(view) && is_short(view, cgroup);
	if (thrashes && inc->off_ns[VIGIE_OFF_DISK] + inc->off_ns[VIGIE_OFF_MEMORY] > stalled)
		stalled = inc->off_ns[VIGIE_OFF_DISK] + inc->off_ns[VIGIE_OFF_MEMORY];
	share = stalled / wall / (p->threads > 1 ? p->threads : 1);
	if (reclaim / wall > share) /* one thread of many that does nothing else counts, too */
		share = reclaim / wall;
	return share < 1 ? share : 1;
}

double quantity_anonymous(const struct group_view *group)
{
	return group->rss_bytes[VIGIE_RSS_ANON];
}

double quantity_resident(const struct group_view *group)
{
	return group->rss_bytes[VIGIE_RSS_ANON] + group->rss_bytes[VIGIE_RSS_FILE] +
	       group->rss_bytes[VIGIE_RSS_SHMEM];
}

/* --- The host. */

double quantity_forks(const struct view *view)
{
	return view->host_forks_inc / view_seconds(view);
}

bool swapping_step(struct swapping *s, const struct view *view)
{
	__u64 in = view->host.swap_in_pages - s->in_pages;
	__u64 out = view->host.swap_out_pages - s->out_pages;
	double bytes = (double)view->page_size / view_seconds(view);
	bool known = s->known;

	*s = (struct swapping){
		.in_pages = view->host.swap_in_pages,
		.out_pages = view->host.swap_out_pages,
		.known = true,
		.sum = (in + out) * bytes,
		.least = (in < out ? in : out) * bytes,
	};
	return known;
}

bool losses_step(struct losses *l, const struct view *view)
{
	/* What is folded (a full table) keeps its sums; these do not. */
	static const enum vigie_loss data[] = { VIGIE_LOSS_STATE_ALLOC, VIGIE_LOSS_RING_FULL,
						VIGIE_LOSS_RETIRED_STATELESS };
	__u64 lost = view->stat.lost_records;
	bool known = l->known;
	size_t i;

	for (i = 0; i < sizeof(data) / sizeof(data[0]); i++)
		lost += view->stat.loss[data[i]];
	*l = (struct losses){ lost, true, lost > l->lost ? lost - l->lost : 0 };
	return known;
}

/* --- Crashes of a group. */

void crash_window_add(struct crash_window *w, const struct view *view,
		      const struct group_view *group)
{
	__u64 turn = view->time_ns / CRASH_PART_NS;
	unsigned int at = turn % CRASH_PARTS;

	if (w->turn[at] != turn) {
		w->turn[at] = turn;
		w->by_signal[at] = w->by_error[at] = w->ends[at] = w->starts[at] = 0;
		w->lived_s[at] = w->watched_s[at] = 0;
	}
	w->by_signal[at] += group->inc.exits[VIGIE_EXIT_SIGNAL];
	w->by_error[at] += group->inc.exits[VIGIE_EXIT_ERROR];
	w->ends[at] += group->inc.exits[VIGIE_EXIT_SIGNAL] + group->inc.exits[VIGIE_EXIT_ERROR] +
		       group->inc.exits[VIGIE_EXIT_NORMAL];
	w->starts[at] += group->inc.starts;
	w->lived_s[at] += group->processes * view_seconds(view);
	w->watched_s[at] += view_seconds(view);
}

struct crashes crash_window_sum(const struct crash_window *w, const struct view *view)
{
	__u64 turn = view->time_ns / CRASH_PART_NS;
	struct crashes sum = { 0 };
	unsigned int i;

	for (i = 0; i < CRASH_PARTS; i++) {
		if (turn - w->turn[i] >= CRASH_PARTS)
			continue;
		sum.moments += w->by_signal[i] || w->by_error[i];
		sum.by_signal += w->by_signal[i];
		sum.by_error += w->by_error[i];
		sum.ends += w->ends[i];
		sum.starts += w->starts[i];
		sum.lived_s += w->lived_s[i];
		sum.watched_s += w->watched_s[i];
	}
	return sum;
}

double quantity_failed_exits(const struct crashes *crashes)
{
	return crashes->by_signal + crashes->by_error;
}

/* --- Departures of a group. */

void usage_window_add(struct usage_window *w, const struct view *view,
		      const struct group_view *group)
{
	usage_add(&w->sum, &group->inc);
	w->shed |= (view->shed & VIGIE_SHED_HISTOGRAMS) != 0;
}

bool usage_window_knows(const struct usage_window *w, enum departure which)
{
	return which != DEPARTURE_WAIT || !w->shed;
}

void usage_window_begin(struct usage_window *w, const struct view *view)
{
	w->shed = false;
	memset(&w->sum, 0, sizeof(w->sum));
	w->since_ns = view->time_ns;
}

static double window_seconds(const struct usage_window *w, const struct view *view)
{
	return (view->time_ns - w->since_ns) / 1e9;
}

bool usage_window_is_long(const struct usage_window *w, const struct view *view)
{
	return window_seconds(w, view) >= 1;
}

static double mean_wait(const struct vigie_usage *u)
{
	double waits = 0;
	int i;

	for (i = 0; i < VIGIE_BUCKETS; i++)
		waits += u->wait_count[i];
	return ratio(u->wait_ns / 1e9, waits);
}

double quantity_departure(const struct usage_window *w, const struct view *view,
			  const struct group_view *group, enum departure which)
{
	const struct vigie_usage *u = &w->sum;
	double seconds = window_seconds(w, view);

	switch (which) {
	case DEPARTURE_CPU: return quantity_cpus(u, seconds);
	case DEPARTURE_WAIT: return mean_wait(u);
	case DEPARTURE_MEMORY: return quantity_resident(group);
	case DEPARTURE_FAULTS: return (u->minor_faults + u->major_faults) / seconds;
	case DEPARTURE_SWITCHES: return (u->voluntary_switches + u->involuntary_switches) / seconds;
	default: return 0;
	}
}

/* --- Throttling of a cgroup. */

void throttle_step(struct throttle *t, const struct view *view, const struct cgroup_stat *now)
{
	__u64 periods = now->periods - t->periods, elapsed = view->time_ns - t->time_ns;

	if (t->known && !periods && elapsed < STAT_OLD_NS)
		return;
	t->share = t->known && elapsed && now->throttled_ns >= t->throttled_ns
			   ? (double)(now->throttled_ns - t->throttled_ns) / elapsed
			   : 0;
	t->periods_share = t->known && periods && now->throttled_periods >= t->throttled_periods
				   ? (double)(now->throttled_periods - t->throttled_periods) /
					     periods
				   : 0;
	t->throttled_ns = now->throttled_ns;
	t->throttled_periods = now->throttled_periods;
	t->periods = now->periods;
	t->time_ns = view->time_ns;
	t->known = true;
}

double quantity_throttled(const struct throttle *t)
{
	return t->share < 1 ? t->share : 1;
}

bool throttle_is_warm(const struct throttle *t)
{
	return t->share >= 0.5 * THROTTLED_SHARE && t->periods_share >= 0.5 * THROTTLED_PERIODS;
}
