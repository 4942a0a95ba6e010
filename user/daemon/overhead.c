// SPDX-License-Identifier: GPL-2.0-only
/* overhead.c - owns prices, readings, and what each step of the budget does. */
#include "daemon/overhead.h"

#include <string.h>

#include "base/clock.h"
#include "base/units.h"

enum { PATIENCE = 3 /* readings without the meter's answer, then without its prices */ };
/* Fewer than that say nothing of one. */
enum { SWITCHES_LEAST = 100, LIVES_LEAST = 20 };

#define READ_NS (200 * NS_PER_MS) /* not more often */
#define COOLDOWN 12 /* readings; at the interval that is the default a minute, and never more */
#define COOLDOWN_MAX_NS (60 * NS_PER_S)
#define SAMPLE_NS (10 * NS_PER_S) /* prices change slowly */
#define INTERVAL_MAX_NS (60 * NS_PER_S)

/* Where nothing could be measured yet: what docs/overhead.md has of a host that is at work, and more. */
static const struct probe_prices assumed = { .switch_ns = 50, .life_ns = 5000 };

/* The first ones by name, what they switch off, and what is then so. */
static const struct {
	__u32 parts;
	const char *off, *on;
} steps[] = {
	{ VIGIE_SHED_CULPRITS, "who made whom wait is not looked for",
	  "who made whom wait is looked for again" },
	{ VIGIE_SHED_CULPRITS | VIGIE_SHED_HISTOGRAMS,
	  "waits and time slices are not sorted by length",
	  "waits and time slices are sorted by length again" },
	{ VIGIE_SHED_CULPRITS | VIGIE_SHED_HISTOGRAMS | VIGIE_SHED_REASONS,
	  "time off the CPU is not looked at", "time off the CPU is looked at again" },
	{ VIGIE_SHED_CULPRITS | VIGIE_SHED_HISTOGRAMS | VIGIE_SHED_REASONS | VIGIE_SHED_MOVED,
	  "run-queue waits are the kernel's, sleep of threads that are moved included",
	  "run-queue waits are without sleep again" },
};

enum { PART_STEPS = sizeof(steps) / sizeof(steps[0]) };
_Static_assert((int)PART_STEPS == (int)SELF_SHED_INTERVAL, "a step has no name");

/* The last one is of a probe that only some kernels need. */
static unsigned int part_steps(const struct overhead *o)
{
	return o->corrects_waits ? PART_STEPS : PART_STEPS - 1;
}

static unsigned int overhead_doublings(__u64 interval_ns)
{
	unsigned int n = 0;

	while (interval_ns << n < INTERVAL_MAX_NS)
		n++;
	return n;
}

static __u64 growth(__u64 now, __u64 before)
{
	return now > before ? now - before : 0;
}

/* Not if it is asked already: it answers what it was asked. */
static void ask_for_prices(struct overhead *o)
{
	if (!o->meter || o->asked || source__costs(o->source, &o->costs))
		return;
	o->costs_ns = clock_monotonic_ns();
	o->asked = !meter__ask(o->meter);
}

void overhead_init(struct overhead *o, __u64 limit_ppb, __u64 interval_ns, bool corrects_waits,
		   struct source *source, struct logbook *book, struct meter *meter)
{
	__u64 reading_ns;

	memset(o, 0, sizeof(*o));
	o->interval_ns = interval_ns;
	o->corrects_waits = corrects_waits;
	o->source = source;
	o->book = book;
	o->prices = assumed;
	o->self.limit_ppb = limit_ppb;
	if (!limit_ppb)
		return;
	o->meter = meter;
	reading_ns = interval_ns > READ_NS ? interval_ns : READ_NS;
	if (reading_ns > COOLDOWN_MAX_NS / COOLDOWN)
		reading_ns = COOLDOWN_MAX_NS / COOLDOWN;
	budget_init(&o->budget, limit_ppb / 1e9, part_steps(o) + overhead_doublings(interval_ns),
		    COOLDOWN * reading_ns, clock_monotonic_ns());
}

/* --- What programs cost. */

/* For so long the statistics were on since the costs were last read, and so often the host switched. */
static void overhead_price(struct overhead *o, __u64 for_ns, __u64 switches)
{
	struct probe_costs now;
	__u64 births;

	if (source__costs(o->source, &now))
		return;
	births = growth(now.births, o->costs.births);
	if (switches >= SWITCHES_LEAST)
		o->prices.switch_ns = (double)growth(now.switch_ns, o->costs.switch_ns) / switches;
	if (births >= LIVES_LEAST) /* ends are not among them: some lives are no price */
		o->prices.life_ns = (double)growth(now.life_ns, o->costs.life_ns) / births;
	if (for_ns)
		o->prices.rest_ns_per_s = (double)growth(now.rest_ns, o->costs.rest_ns) * NS_PER_S /
					  for_ns;
	o->costs = now;
	if (!o->saves)
		return;
	o->saves = false;
	o->saved_ns[o->budget.taken - 1] = o->before_ns > o->prices.switch_ns
						   ? o->before_ns - o->prices.switch_ns
						   : 0;
}

int overhead_fd(const struct overhead *o)
{
	return o->meter ? meter__fd(o->meter) : -1;
}

void overhead_listen(struct overhead *o)
{
	struct meter_said said;

	while (o->meter && meter__listen(o->meter, &said)) {
		o->asked = false;
		o->meter_cpu_ns = said.cpu_ns;
		if (o->outdated) {
			o->outdated = false;
			ask_for_prices(o);
			continue;
		}
		if (said.err)
			logbook_say(o->book, SEVERITY_WARNING, "overhead-unmeasured", said.err,
				    "cannot measure what the probes cost: the kernel's statistics "
				    "of BPF programs cannot be switched on");
		else
			overhead_price(o, said.on_ns, said.switches);
		o->priced = true;
	}
	if (!o->meter || meter__fd(o->meter) >= 0)
		return;
	o->meter = NULL;
	o->asked = false;
	logbook_say(
		o->book, SEVERITY_ERROR, "overhead-unmeasured", 0,
		"the process that has the probes measured is gone: their cost goes by the last figures");
}

/* --- Steps. */

void overhead_set_interval(struct overhead *o, __u64 interval_ns)
{
	o->interval_ns = interval_ns;
}

__u64 overhead_interval_ns(const struct overhead *o)
{
	unsigned int taken = o->budget.taken;
	__u64 ns = o->interval_ns;

	if (taken > part_steps(o))
		ns <<= taken - part_steps(o);
	return ns > INTERVAL_MAX_NS ? INTERVAL_MAX_NS : ns;
}

__u64 overhead_least_interval_ns(const struct overhead *o)
{
	return o->budget.taken > part_steps(o) ? overhead_interval_ns(o) : 0;
}

static void overhead_say_step(struct overhead *o, unsigned int step, bool returns)
{
	const char *event = returns ? "budget-return" : "budget-shed";
	enum severity severity = returns ? SEVERITY_INFO : SEVERITY_WARNING;
	double percent = 100 * o->spent, limit = 100 * o->budget.limit;

	if (step < part_steps(o))
		logbook_say(o->book, severity, event, 0,
			    "vigie costs %.3g %% of a core, its budget is %.3g %%: %s", percent,
			    limit, returns ? steps[step].on : steps[step].off);
	else
		logbook_say(
			o->book, severity, event, 0,
			"vigie costs %.3g %% of a core, its budget is %.3g %%: a snapshot every %.3g s",
			percent, limit, overhead_interval_ns(o) / 1e9);
}

/* The probes as the budget wants them, and what is said of them is so. Failing is said once. */
static int overhead_switch(struct overhead *o)
{
	unsigned int taken = o->budget.taken, i;
	__u32 parts = 0;
	int err;

	if (taken)
		parts = steps[(taken < part_steps(o) ? taken : part_steps(o)) - 1].parts;
	err = source__shed(o->source, parts);
	if (err && !o->failed)
		logbook_say(o->book, SEVERITY_ERROR, "budget-failed", err,
			    "cannot switch parts of the probes: tried again");
	o->failed = err != 0;
	if (err)
		return err;
	for (i = 0; i < SELF_SHED_INTERVAL; i++)
		o->self.shed[i] = i < part_steps(o) && taken > i;
	o->self.shed[SELF_SHED_INTERVAL] = taken > part_steps(o);
	return 0;
}

/* What the budget has decided and is not yet so; several steps if they failed before. */
static void overhead_apply(struct overhead *o)
{
	if (overhead_switch(o))
		return;
	o->saves = o->budget.taken == o->said + 1 && o->budget.taken <= part_steps(o);
	o->before_ns = o->prices.switch_ns;
	while (o->said < o->budget.taken)
		overhead_say_step(o, o->said++, false);
	while (o->said > o->budget.taken)
		overhead_say_step(o, --o->said, true);
	o->priced = false;
	o->waited = 0;
	o->outdated = o->asked;
	ask_for_prices(o);
}

/* --- Readings. */

static __u64 to_ppb(double ratio)
{
	return ratio > 0 ? (__u64)(ratio * 1e9 + 0.5) : 0;
}

/* Of one core, since the last reading. */
static double overhead_spent(struct overhead *o, const struct overhead_totals *now)
{
	double wall_ns = now->time_ns - o->last.time_ns;
	double own_ns = growth(now->cpu_ns, o->last.cpu_ns) +
			growth(o->meter_cpu_ns, o->meter_cpu_last_ns);
	double probes_ns = growth(now->switches, o->last.switches) * o->prices.switch_ns +
			   growth(now->births, o->last.births) * o->prices.life_ns +
			   wall_ns * o->prices.rest_ns_per_s / NS_PER_S;

	o->self.overhead_ppb[SELF_OVERHEAD_PROCESSES] = to_ppb(own_ns / wall_ns);
	o->self.overhead_ppb[SELF_OVERHEAD_PROBES] = to_ppb(probes_ns / wall_ns);
	return (own_ns + probes_ns) / wall_ns;
}

/* What the next step to return would add: a part of the probes to each switch, or snapshots. */
static double overhead_more(const struct overhead *o, const struct overhead_totals *now)
{
	unsigned int taken = o->budget.taken;
	double wall_ns = now->time_ns - o->last.time_ns;

	if (!taken)
		return 0;
	if (taken > part_steps(o))
		return o->self.overhead_ppb[SELF_OVERHEAD_PROCESSES] / 1e9;
	return o->saved_ns[taken - 1] * growth(now->switches, o->last.switches) / wall_ns;
}

/* Rarer snapshots save of what our processes take, and where that is next to nothing they save nothing. */
static bool overhead_next_helps(const struct overhead *o)
{
	return o->budget.taken < part_steps(o) ||
	       o->self.overhead_ppb[SELF_OVERHEAD_PROCESSES] >= o->self.limit_ppb / 10;
}

static void overhead_from(struct overhead *o, const struct overhead_totals *now)
{
	unsigned int i;

	for (i = 0; i < SELF_SHED_STEPS && o->began; i++)
		if (o->self.shed[i])
			o->self.shed_ns[i] += now->time_ns - o->last.time_ns;
	o->last = *now;
	o->meter_cpu_last_ns = o->meter_cpu_ns;
	o->began = true;
}

void overhead_see(struct overhead *o, const struct overhead_totals *now)
{
	enum budget_change change;

	if (!o->self.limit_ppb)
		return;
	if (o->failed)
		overhead_apply(o);
	if (!o->began) {
		overhead_from(o, now);
		source__costs(o->source, &o->costs);
		o->costs_switches = now->switches;
		ask_for_prices(o);
		return;
	}
	if (now->time_ns - o->last.time_ns < READ_NS ||
	    now->time_ns - o->last.time_ns < o->interval_ns)
		return;
	/* A step that is judged by the prices of before it would be followed by another one. */
	if (o->asked && !o->priced && ++o->waited < PATIENCE)
		return;
	if (!o->meter && o->costs.always) {
		overhead_price(o, now->time_ns - o->last.time_ns,
			       growth(now->switches, o->costs_switches));
		o->costs_switches = now->switches;
	}
	if (!o->warm) {
		o->warm = true;
		overhead_from(o, now);
		return;
	}
	o->spent = overhead_spent(o, now);
	change = budget_see(&o->budget, now->time_ns, o->spent, overhead_more(o, now),
			    overhead_next_helps(o));
	overhead_from(o, now);
	if (change != BUDGET_STAYS)
		overhead_apply(o);
	else if (now->time_ns - o->costs_ns >= SAMPLE_NS)
		ask_for_prices(o);
}
