// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_list.c - which groups a table or a list shows, in which order, and what the rest adds
 * up to.
 *
 * Owns: the sort keys and their names. Table, JSON and CSV show the same rows because they
 * ask here. Not here: how a row looks.
 */
#include "data/view_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "data/usage.h"

const char *sort_key_name(enum sort_key key)
{
	static const char *const names[SORT_KEYS] = {
		[SORT_CPU] = "cpu",	  [SORT_WAIT] = "wait",		[SORT_OFF] = "off",
		[SORT_RSS] = "rss",	  [SORT_PEAK] = "peak",		[SORT_SWAP] = "swap",
		[SORT_FAULTS] = "faults", [SORT_SWITCHES] = "switches", [SORT_READ] = "read",
		[SORT_WRITE] = "write",	  [SORT_STALL] = "stall",	[SORT_STARTS] = "starts",
		[SORT_NAME] = "name",
	};

	return (unsigned int)key < SORT_KEYS ? names[key] : "";
}

__u64 list_cpu_ns(const struct group_view *group)
{
	return group->inc.user_ns + group->inc.system_ns;
}

/* Sleep is what idle programs do: nobody looks for the longest sleeper. */
__u64 list_off_ns(const struct group_view *group)
{
	const __u64 *off_ns = group->inc.off_ns;

	return off_ns[VIGIE_OFF_DISK] + off_ns[VIGIE_OFF_MEMORY] +
	       off_ns[VIGIE_OFF_UNINTERRUPTIBLE];
}

/*
 * Reclaim shows as stall time, waiting for swap as time off the CPU; a reclaim that sleeps
 * shows as both. The larger is what is certain.
 */
__u64 list_stall_ns(const struct group_view *group)
{
	__u64 off_ns = group->inc.off_ns[VIGIE_OFF_MEMORY];
	__u64 stall_ns = 0;
	int i;

	for (i = 0; i < VIGIE_STALLS; i++)
		stall_ns += group->inc.stall_ns[i];
	return stall_ns > off_ns ? stall_ns : off_ns;
}

__u64 list_rss_bytes(const struct group_view *group)
{
	return group->rss_bytes[VIGIE_RSS_ANON] + group->rss_bytes[VIGIE_RSS_FILE] +
	       group->rss_bytes[VIGIE_RSS_SHMEM];
}

__u64 list_exits(const struct group_view *group)
{
	__u64 sum = 0;
	int i;

	for (i = 0; i < VIGIE_EXITS; i++)
		sum += group->inc.exits[i];
	return sum;
}

__u64 list_host_wait_ns(const struct view *view)
{
	__u64 sum = view->other.inc.wait_ns;
	size_t i;

	for (i = 0; i < view->ngroups; i++)
		sum += view->groups[i].inc.wait_ns;
	return sum;
}

__u64 list_per_second(const struct view *view, __u64 n)
{
	return (double)n * 1e9 / (double)view->interval_ns + 0.5;
}

__u64 list_permille(__u64 part, __u64 whole)
{
	/* Seconds of many CPUs times a thousand pass 2^64 only after half a year. */
	return whole ? (part * 1000 + whole / 2) / whole : 0;
}

__u64 list_start_unix_ns(const struct view *view, const struct group_view *group)
{
	return group->pid ? view->wall_ns - view->time_ns + group->start_ns : 0;
}

__u64 list_host_total_ns(const struct host_cpu *cpu)
{
	return cpu->user_ns + cpu->nice_ns + cpu->system_ns + cpu->idle_ns + cpu->iowait_ns +
	       cpu->irq_ns + cpu->softirq_ns + cpu->steal_ns;
}

bool list_active(const struct group_view *group)
{
	return group->processes || list_rss_bytes(group) || !usage_is_zero(&group->inc);
}

static __u64 sort_value(const struct group_view *group, enum sort_key key)
{
	switch (key) {
	case SORT_CPU: return list_cpu_ns(group);
	case SORT_WAIT: return group->inc.wait_ns;
	case SORT_OFF: return list_off_ns(group);
	case SORT_RSS: return list_rss_bytes(group);
	case SORT_PEAK: return group->peak_bytes;
	case SORT_SWAP: return group->rss_bytes[VIGIE_RSS_SWAP];
	case SORT_FAULTS: return group->inc.minor_faults + group->inc.major_faults;
	case SORT_SWITCHES: return group->inc.voluntary_switches + group->inc.involuntary_switches;
	case SORT_READ: return group->inc.read_bytes;
	case SORT_WRITE: return group->inc.written_bytes;
	case SORT_STALL: return list_stall_ns(group);
	case SORT_STARTS: return group->inc.starts;
	case SORT_NAME:
	case SORT_KEYS: break;
	}
	return 0;
}

/* The view is sorted by labels already: among equals the address decides, and stays stable. */
static int compare(const void *a, const void *b, void *key)
{
	const struct group_view *x = *(const struct group_view *const *)a;
	const struct group_view *y = *(const struct group_view *const *)b;
	__u64 left = sort_value(x, *(const enum sort_key *)key);
	__u64 right = sort_value(y, *(const enum sort_key *)key);

	if (left != right)
		return left < right ? 1 : -1;
	return (x > y) - (x < y);
}

/* Peaks of groups did not fall into one moment: their sum is an upper bound. */
static void add_to_other(struct list *list, const struct group_view *group)
{
	struct group_view *other = &list->other;
	int i;

	usage_add(&other->total, &group->total);
	usage_add(&other->inc, &group->inc);
	for (i = 0; i < VIGIE_RSS_KINDS; i++)
		other->rss_bytes[i] += group->rss_bytes[i];
	other->peak_bytes += group->peak_bytes;
	other->processes += group->processes;
	other->threads += group->threads;
	list->cut++;
}

static int compare_delays(const void *a, const void *b)
{
	const struct delay_view *x = *(const struct delay_view *const *)a;
	const struct delay_view *y = *(const struct delay_view *const *)b;

	if (x->wait_inc_ns != y->wait_inc_ns)
		return x->wait_inc_ns < y->wait_inc_ns ? 1 : -1;
	return (x > y) - (x < y);
}

static void pick_delays(struct list *list, const struct view *view)
{
	size_t i;

	for (i = 0; i < view->ndelays; i++)
		if (view->delays[i].wait_inc_ns)
			list->delays[list->ndelays++] = &view->delays[i];
	qsort(list->delays, list->ndelays, sizeof(*list->delays), compare_delays);
}

static void pick_rows(struct list *list, const struct view *view,
		      const struct list_options *options)
{
	enum sort_key key = options->sort;
	size_t i, n = 0;

	for (i = 0; i < view->ngroups; i++)
		if (view->groups[i].live || list_active(&view->groups[i]))
			list->rows[n++] = &view->groups[i];
	qsort_r(list->rows, n, sizeof(*list->rows), compare, &key);
	list->n = options->top && options->top < n ? options->top : n;
	for (i = list->n; i < n; i++)
		add_to_other(list, list->rows[i]);
}

int list_init(struct list *list, const struct view *view, const struct list_options *options)
{
	struct list made = { .other = view->other };

	made.rows = calloc(view->ngroups + 1, sizeof(*made.rows));
	made.delays = calloc(view->ndelays + 1, sizeof(*made.delays));
	if (!made.rows || !made.delays) {
		list_done(&made);
		return -ENOMEM;
	}
	pick_rows(&made, view, options);
	pick_delays(&made, view);
	*list = made;
	return 0;
}

void list_done(struct list *list)
{
	free(list->rows);
	free(list->delays);
	*list = (struct list){ 0 };
}
