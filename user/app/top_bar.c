// SPDX-License-Identifier: GPL-2.0-only
/*
 * top_bar.c - owns the load of a day: out of the keys of the history, a few at a time, so that
 * nobody waits for it.
 */
#include "app/top.h"

#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "data/view_list.h"

#define BIN_NS (DAY_NS / TUI_BAR_BINS)
#define STEP_NS (20 * NS_PER_MS)

/* What lies between two keys that are further apart nobody has seen. */
#define GAP_NS (2 * BIN_NS)

/* A clock at the very begin of its time, or at the end, makes no day of another length. */
static void bar_begin(struct top *top, __u64 last_ns)
{
	struct tui_bar *bar = &top->bar;
	int i;

	bar->to_ns = last_ns + BIN_NS > DAY_NS ? last_ns + BIN_NS : DAY_NS;
	bar->from_ns = bar->to_ns - DAY_NS;
	for (i = 0; i < TUI_BAR_BINS; i++)
		bar->load[i] = TUI_BAR_UNKNOWN;
	top->bar_time_ns = 0;
	top->bar_next = moments__find(top->moments, bar->from_ns);
	top->bar_forgotten = moments__forgotten(top->moments);
}

/* On by whole bins, so that those that are known stay what they are: a day of keys is read once. */
static void bar_move(struct tui_bar *bar, unsigned int bins)
{
	int i;

	memmove(bar->load, bar->load + bins, (TUI_BAR_BINS - bins) * sizeof(bar->load[0]));
	for (i = TUI_BAR_BINS - bins; i < TUI_BAR_BINS; i++)
		bar->load[i] = TUI_BAR_UNKNOWN;
	bar->from_ns += bins * BIN_NS;
	bar->to_ns += bins * BIN_NS;
}

/* The day that is shown ends with the last sample; it moves on when that has left it. */
static void bar_keep_up(struct top *top)
{
	size_t n = moments__count(top->moments);
	__u64 last_ns = n ? moments__wall_ns(top->moments, n - 1) : 0, bins;

	if (!n)
		return;
	top->bar_next = moments__now_at(top->moments, top->bar_next, top->bar_forgotten);
	top->bar_forgotten = moments__forgotten(top->moments);
	if (last_ns > UINT64_MAX - 2 * BIN_NS)
		last_ns = UINT64_MAX - 2 * BIN_NS;
	if (top->bar.to_ns && last_ns < top->bar.to_ns)
		return;
	bins = (last_ns - top->bar.to_ns) / BIN_NS + 1;
	if (top->bar.to_ns && bins < TUI_BAR_BINS)
		bar_move(&top->bar, bins);
	else
		bar_begin(top, last_ns);
}

static void bar_fill(struct tui_bar *bar, __u64 from_ns, __u64 to_ns, unsigned int load)
{
	__u64 at = from_ns;

	for (;; at += BIN_NS) {
		size_t bin = (at - bar->from_ns) / BIN_NS;

		if (at >= bar->from_ns && bin < TUI_BAR_BINS &&
		    (bar->load[bin] == TUI_BAR_UNKNOWN || bar->load[bin] < load))
			bar->load[bin] = load;
		if (to_ns - at < BIN_NS)
			return;
	}
}

static void bar_take(struct top *top, const struct snapshot *key)
{
	const struct host_cpu *cpu = &key->host.cpu;
	__u64 total_ns = list_host_total_ns(cpu);
	__u64 busy_ns = total_ns - cpu->idle_ns - cpu->iowait_ns;
	__u64 before_ns = top->bar_time_ns;

	if (before_ns && key->wall_ns > before_ns && key->wall_ns - before_ns < GAP_NS &&
	    total_ns > top->bar_total_ns && busy_ns >= top->bar_busy_ns)
		bar_fill(&top->bar, before_ns, key->wall_ns,
			 list_permille(busy_ns - top->bar_busy_ns, total_ns - top->bar_total_ns));
	top->bar_time_ns = key->wall_ns;
	top->bar_busy_ns = busy_ns;
	top->bar_total_ns = total_ns;
}

bool top_bar_step(struct top *top)
{
	__u64 end_ns = clock_monotonic_ns() + STEP_NS;
	bool any = false;
	struct snapshot key;

	bar_keep_up(top);
	while (top->bar_next < moments__count(top->moments)) {
		size_t i = top->bar_next++;

		if (!moments__is_key(top->moments, i))
			continue;
		if (!moments__load_key(top->moments, i, &key))
			bar_take(top, &key);
		any = true;
		if (clock_monotonic_ns() >= end_ns)
			break;
	}
	return any;
}
