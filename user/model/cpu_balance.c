// SPDX-License-Identifier: GPL-2.0-only
/*
 * cpu_balance.c - credited + unattributed == host, per mode, exactly and for ever.
 *
 * Owns: the residual. /proc/stat counts in other places and at other moments than the
 * scheduler: it is ahead by what the dying have not handed in yet, and behind where ticks
 * missed what ran between them. What it is ahead by for long enough, nobody will ever be
 * charged with. Neither host nor the residual ever runs backwards.
 * Not here: who is credited (series_page.c).
 */
#include "model/cpu_balance.h"

#include "base/units.h"

static __u64 growth(__u64 now, __u64 before)
{
	return now > before ? now - before : 0;
}

/* How much of stat has had no owner for as long as the lag: the lowest gap of that time. */
static __u64 lasting_gap(const struct cpu_balance *balance, struct window *window, __u64 gap_ns,
			 __u64 now_ns)
{
	__u64 part_ns = balance->lag_ns / WINDOW_PARTS;

	if (!part_ns)
		return gap_ns;
	window_add(window, part_ns, now_ns, ~gap_ns);
	if (now_ns - balance->began_ns < balance->lag_ns)
		return 0;
	return ~window_highest(window, part_ns, now_ns);
}

static void balance_settle(const struct cpu_balance *balance, struct window *window, __u64 now_ns,
			   __u64 stat_ns, __u64 credited_ns, __u64 *unattributed_ns,
			   __u64 *ret_host_ns)
{
	__u64 gap_ns = lasting_gap(balance, window, growth(stat_ns, credited_ns), now_ns);

	if (gap_ns > *unattributed_ns)
		*unattributed_ns = gap_ns;
	*ret_host_ns = credited_ns + *unattributed_ns;
}

static __u64 user_growth(const struct host_cpu *now, const struct host_cpu *first)
{
	return growth(now->user_ns, first->user_ns) + growth(now->nice_ns, first->nice_ns);
}

static __u64 system_growth(const struct host_cpu *now, const struct host_cpu *first)
{
	return growth(now->system_ns, first->system_ns) + growth(now->irq_ns, first->irq_ns) +
	       growth(now->softirq_ns, first->softirq_ns);
}

static struct host_cpu cpu_growth(const struct host_cpu *now, const struct host_cpu *before)
{
	return (struct host_cpu){
		.user_ns = growth(now->user_ns, before->user_ns),
		.nice_ns = growth(now->nice_ns, before->nice_ns),
		.system_ns = growth(now->system_ns, before->system_ns),
		.idle_ns = growth(now->idle_ns, before->idle_ns),
		.iowait_ns = growth(now->iowait_ns, before->iowait_ns),
		.irq_ns = growth(now->irq_ns, before->irq_ns),
		.softirq_ns = growth(now->softirq_ns, before->softirq_ns),
		.steal_ns = growth(now->steal_ns, before->steal_ns),
	};
}

/*
 * iowait falls by a little now and then: what is shown waits for it. With a CPU that is taken offline all the time that it was ever
 * idle may leave the sum, and come back with it: a step that no interval can hold is no time.
 */
static void monotonic_step(struct monotonic *f, __u64 longest_ns, __u64 *now_ns, __u64 *inc_ns)
{
	__u64 now = *now_ns, before = f->shown;
	__s64 step = now - f->last;

	if (step < -(__s64)NS_PER_S || step > (__s64)longest_ns)
		f->left_out -= step;
	f->last = now;
	if (now + f->left_out > f->shown)
		f->shown = now + f->left_out;
	*now_ns = f->shown;
	*inc_ns = f->shown - before;
}

static void monotonic_begin(struct monotonic *f, __u64 now)
{
	*f = (struct monotonic){ .last = now, .shown = now };
}

static void show_monotonic(struct cpu_balance *balance, struct view *view)
{
	__u64 longest_ns = (view->interval_ns + NS_PER_S) * (view->host.online_cpus + 1ULL);
	struct host_cpu *cpu = &view->host.cpu, *inc = &view->host_inc;

	monotonic_step(&balance->idle, longest_ns, &cpu->idle_ns, &inc->idle_ns);
	monotonic_step(&balance->iowait, longest_ns, &cpu->iowait_ns, &inc->iowait_ns);
	monotonic_step(&balance->steal, longest_ns, &cpu->steal_ns, &inc->steal_ns);
}

static void show_slices(const struct cpu_balance *balance, const struct vigie_slices *now,
			struct vigie_slices *ret)
{
	int i;

	*ret = (struct vigie_slices){ .sum_ns = growth(now->sum_ns, balance->first_slices.sum_ns) };
	for (i = 0; i < VIGIE_BUCKETS; i++)
		ret->count[i] = growth(now->count[i], balance->first_slices.count[i]);
}

void cpu_balance_apply(struct cpu_balance *balance, const struct snapshot *snapshot,
		       const struct cpu_split *credited, struct view *view)
{
	const struct host *host = &snapshot->host;

	if (!balance->began) {
		balance->began = true;
		balance->began_ns = view->time_ns;
		window_reset(&balance->user_gap);
		window_reset(&balance->system_gap);
		balance->first = balance->last = *host;
		monotonic_begin(&balance->idle, host->cpu.idle_ns);
		monotonic_begin(&balance->iowait, host->cpu.iowait_ns);
		monotonic_begin(&balance->steal, host->cpu.steal_ns);
		balance->first_slices = snapshot->slices;
	}
	balance_settle(balance, &balance->user_gap, view->time_ns,
		       user_growth(&host->cpu, &balance->first.cpu), credited->user_ns,
		       &balance->unattributed.user_ns, &view->host_cpu.user_ns);
	balance_settle(balance, &balance->system_gap, view->time_ns,
		       system_growth(&host->cpu, &balance->first.cpu), credited->system_ns,
		       &balance->unattributed.system_ns, &view->host_cpu.system_ns);
	view->unattributed_cpu = balance->unattributed;
	view->host = *host;
	view->host_inc = cpu_growth(&host->cpu, &balance->last.cpu);
	show_monotonic(balance, view);
	view->host_switches_inc = growth(host->context_switches, balance->last.context_switches);
	view->host_forks_inc = growth(host->forks, balance->last.forks);
	show_slices(balance, &snapshot->slices, &view->slices);
	balance->last = *host;
}
