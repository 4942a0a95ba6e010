/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * overhead.h - what vigie costs its host, and doing less where that is more than it may.
 *
 * Cost is the CPU time of vigie's processes (this one, the writer, the namer, the meter; a profiling
 * session is limited by itself and not in it), and that of its programs in the host's own time: what
 * a switch and a task's life cost by the kernel's statistics, times how many there were. Owns:
 * reckoning it, the steps, and saying so. Not here: the decision (budget.h).
 */
#ifndef VIGIE_DAEMON_OVERHEAD_H
#define VIGIE_DAEMON_OVERHEAD_H

#include "daemon/budget.h"
#include "daemon/logbook.h"
#include "daemon/meter.h"
#include "data/self.h"
#include "data/source.h"

/* Totals of one moment. */
struct overhead_totals {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u64 cpu_ns; /* of vigie's processes, without the meter */
	__u64 switches, births; /* of the host */
};

/* What programs cost: by switch, by task that lived, by second. */
struct probe_prices {
	double switch_ns, life_ns, rest_ns_per_s;
};

struct overhead {
	struct budget budget;
	struct source *source;
	struct logbook *book;
	struct meter *meter; /* NULL: none */
	__u64 interval_ns; /* as configured */
	bool corrects_waits;
	bool began, warm; /* what starting takes is no reading */
	struct overhead_totals last;
	__u64 meter_cpu_ns, meter_cpu_last_ns;
	struct probe_prices prices;
	/* What each step saved of a switch, known once there are prices without it. */
	double saved_ns[SELF_SHED_INTERVAL], before_ns;
	bool saves; /* the last step taken is one whose saving is not known yet */
	struct probe_costs costs; /* as last read */
	__u64 costs_ns; /* when */
	__u64 costs_switches; /* of the host then */
	bool asked, priced; /* the meter is at it; the prices are those of what is on now */
	bool outdated; /* a step was taken since it was asked */
	bool failed; /* the probes are not as the budget wants them: tried again */
	unsigned int said; /* steps that are so, and in the log */
	double spent; /* of a core, by the last reading */
	unsigned int waited;
	struct self_budget self;
};

/*
 * limit_ppb: of one core, in parts of 10^9; 0: there is none, and nothing is measured. corrects_waits:
 * the probes have a part that does (plan.moved_sleepers), which is the last of them to go.
 */
void overhead_init(struct overhead *o, __u64 limit_ppb, __u64 interval_ns, bool corrects_waits,
		   struct source *source, struct logbook *book, struct meter *meter);
/* From now on; how often it may be doubled stays as it was at first. */
void overhead_set_interval(struct overhead *o, __u64 interval_ns);
/* After each snapshot. */
void overhead_see(struct overhead *o, const struct overhead_totals *now);
/* The meter's descriptor, readable when it has answered; -1: none. */
int overhead_fd(const struct overhead *o);
void overhead_listen(struct overhead *o);
/* How far snapshots are apart now. */
__u64 overhead_interval_ns(const struct overhead *o);
/* Snapshots that somebody asks for come no faster than that, either; 0: no bound. */
__u64 overhead_least_interval_ns(const struct overhead *o);

#endif
