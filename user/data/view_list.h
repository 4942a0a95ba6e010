/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * view_list.h - which groups a table or a list shows, in which order, and what the rest adds
 * up to.
 *
 * Owns: sorting, the cut at the top, and the figures that several lists derive alike.
 * Not here: how a row looks.
 */
#ifndef VIGIE_DATA_VIEW_LIST_H
#define VIGIE_DATA_VIEW_LIST_H

#include <stdbool.h>

#include "data/view.h"

/* What a table or a list is ordered by, largest first; ties by labels. */
enum sort_key {
	SORT_CPU,
	SORT_WAIT,
	SORT_OFF,
	SORT_RSS,
	SORT_PEAK,
	SORT_SWAP,
	SORT_FAULTS,
	SORT_SWITCHES,
	SORT_READ,
	SORT_WRITE,
	SORT_STALL,
	SORT_STARTS,
	SORT_NAME,
	SORT_KEYS,
};
const char *sort_key_name(enum sort_key key);

struct list_options {
	enum sort_key sort;
	unsigned int top; /* rows; 0: all. The rest is summed into one row "other" */
	bool colour; /* table only */
	unsigned int width; /* table only: columns of the terminal, 0: unlimited */
};

struct list {
	const struct group_view **rows; /* into the view, sorted */
	size_t n;
	struct group_view other; /* the view's other and what was cut; labels GROUP_OTHER */
	size_t cut; /* groups that were added to other */
	const struct delay_view **delays; /* those of the interval, longest first */
	size_t ndelays;
};

/* 0 or -ENOMEM. Groups that have ended and did nothing in the interval are left out. */
int list_init(struct list *list, const struct view *view, const struct list_options *options);
void list_done(struct list *list);

/* True if there is anything to say about a group. */
bool list_active(const struct group_view *group);

__u64 list_cpu_ns(const struct group_view *group);
__u64 list_off_ns(const struct group_view *group); /* all reasons but sleep */
__u64 list_stall_ns(const struct group_view *group);
__u64 list_rss_bytes(const struct group_view *group);
__u64 list_exits(const struct group_view *group);
/* Run-queue wait of the whole host in the interval. */
__u64 list_host_wait_ns(const struct view *view);
/* So many in the interval, which is not 0, are so many a second, rounded. */
__u64 list_per_second(const struct view *view, __u64 n);
/* part / whole in tenths of a percent, rounded; 0 where there is no whole. */
__u64 list_permille(__u64 part, __u64 whole);
/* Unix time at which the group's only process began, or 0. */
__u64 list_start_unix_ns(const struct view *view, const struct group_view *group);
__u64 list_host_total_ns(const struct host_cpu *cpu);

#endif
