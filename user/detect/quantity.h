/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * quantity.h - what each rule's quantity is: from a view to the figure that decides. PURE.
 *
 * Owns: the one place where a figure is computed. A watcher calls it with the subject that it
 * has in hand; who looks back at a finding (`vigie explain`) follows the figure by the rule and
 * the subject's names through struct quantity, and comes to the same bits. What a figure needs
 * of earlier views is a small struct here, fed view by view by both. Not here: bounds, and what
 * is made of a figure (watch_*.c).
 */
#ifndef VIGIE_DETECT_QUANTITY_H
#define VIGIE_DETECT_QUANTITY_H

#include "base/units.h"
#include "data/finding.h"
#include "data/view.h"

/* In less time a rate says more about when we looked than about what happened. */
bool view_is_long(const struct view *view);
double view_seconds(const struct view *view); /* its interval */

/* --- Of one view. */

__u64 quantity_cpu_ns(const struct vigie_usage *inc);
double quantity_cpus(const struct vigie_usage *inc, double seconds);
/* Of the time in which it wants to run. */
double quantity_wait_ratio(const struct vigie_usage *inc);

/* What a process waits for memory, of its time: the largest of what may be counted twice. */
double quantity_stall(const struct view *view, const struct process *process);

double quantity_anonymous(const struct group_view *group);
double quantity_resident(const struct group_view *group);
double quantity_forks(const struct view *view);

/* --- Of several views: zeroed first. */

/* The crashes of a group in the last minute, by 10 s. */
enum { CRASH_PARTS = 6 };
#define CRASH_PART_NS (10 * NS_PER_S)

struct crash_window {
	__u64 turn[CRASH_PARTS];
	__u32 by_signal[CRASH_PARTS], by_error[CRASH_PARTS], ends[CRASH_PARTS], starts[CRASH_PARTS];
	double watched_s[CRASH_PARTS], lived_s[CRASH_PARTS]; /* time, processes x time */
};

struct crashes {
	__u32 by_signal, by_error, ends, starts;
	double watched_s, lived_s;
	unsigned int moments; /* parts with failures: workers that end together are one */
};

void crash_window_add(struct crash_window *window, const struct view *view,
		      const struct group_view *group);
struct crashes crash_window_sum(const struct crash_window *window, const struct view *view);
double quantity_failed_exits(const struct crashes *crashes);

/* How much a group used since a moment: what it departs from is seen by 30 s. */
#define DEPARTURE_NS (30 * NS_PER_S)
enum departure {
	DEPARTURE_CPU,
	DEPARTURE_WAIT,
	DEPARTURE_MEMORY,
	DEPARTURE_FAULTS,
	DEPARTURE_SWITCHES,
	DEPARTURES,
};

struct usage_window {
	struct vigie_usage sum;
	__u64 since_ns;
	bool shed; /* in part of it waits were not counted: no mean of them */
};

void usage_window_add(struct usage_window *window, const struct view *view,
		      const struct group_view *group);
bool usage_window_knows(const struct usage_window *window, enum departure which);
void usage_window_begin(struct usage_window *window, const struct view *view);
/* Less than a second is too short for a figure. */
bool usage_window_is_long(const struct usage_window *window, const struct view *view);
double quantity_departure(const struct usage_window *window, const struct view *view,
			  const struct group_view *group, enum departure which);

/* A cgroup's cpu.stat. It may be read less often than we look: what it said last holds on. */
struct throttle {
	__u64 throttled_ns, throttled_periods, periods, time_ns;
	double share, periods_share; /* of the last growth: of the time, of the periods */
	bool known;
};

void throttle_step(struct throttle *throttle, const struct view *view,
		   const struct cgroup_stat *stat);
double quantity_throttled(const struct throttle *throttle);
/* Worth following: half of what a finding begins at. */
bool throttle_is_warm(const struct throttle *throttle);
#define THROTTLED_SHARE 0.25 /* of the time */
#define THROTTLED_PERIODS 0.5

/* What the host swaps: bytes a second. */
struct swapping {
	__u64 in_pages, out_pages;
	bool known;
	double sum, least; /* both ways together; the lesser way */
};

/* False: nothing to compare with yet. */
bool swapping_step(struct swapping *swapping, const struct view *view);

/* What vigie lost for good since the view before. */
struct losses {
	__u64 lost;
	bool known;
	double grown;
};

bool losses_step(struct losses *losses, const struct view *view); /* as swapping_step() */

/* --- A finding's figure, followed by the rule and by whom it is about. */

struct quantity;

/* NULL: no memory. rule is of the table; who as the finding or its log has it. */
struct quantity *quantity__new(const struct rule *rule, const struct actor *who);
void quantity__free(struct quantity *quantity); /* accepts NULL */
/* Another life of vigie: what was before it is forgotten, as detection forgot it. */
void quantity__restart(struct quantity *quantity);
/* Each view in turn. False: this view has no figure: too short, or the subject is not there. */
bool quantity__step(struct quantity *quantity, const struct view *view, double *ret);

/* What rules[].figure points to. */
typedef bool quantity_fn(struct quantity *quantity, const struct view *view, double *ret);
quantity_fn figure_killed, figure_wait_ratio, figure_stall, figure_throttled, figure_forks,
	figure_runaway, figure_swapped, figure_failed_exits, figure_losses, figure_growth,
	figure_departure_cpu, figure_departure_wait, figure_departure_memory,
	figure_departure_faults, figure_departure_switches;

#endif
