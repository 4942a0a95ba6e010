// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_budget.c - the budget on a host that is made up: steps, noise, loads that swing about the limit.
 *
 * What is spent follows from a load and from the steps that are taken, each of which saves a part of
 * it. Ten minutes pass in a loop. Also what the steps are (overhead.c), with a source that only notes
 * what it is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/units.h"
#include "daemon/budget.h"
#include "daemon/overhead.h"

#define STEPS 7
#define LIMIT 0.01
#define INTERVAL_NS (5 * NS_PER_S)
#define TEN_MINUTES_NS (600 * NS_PER_S)

/* --- A host. */

struct world {
	struct budget budget;
	__u64 now_ns;
	unsigned int sheds, returns, most;
	__u32 random;
	bool foresees; /* it knows what a step saves */
};

static void world_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->now_ns = 1000 * NS_PER_S;
	w->random = 12345;
	budget_init(&w->budget, LIMIT, STEPS, 60 * NS_PER_S, w->now_ns);
}

/* In [-1, 1]; the same in each run. */
static double noise(struct world *w)
{
	w->random = w->random * 1664525 + 1013904223;
	return (double)w->random / 0x80000000u - 1;
}

/* What is left of the cost after so many steps. */
static double left(unsigned int taken)
{
	static const double after[STEPS + 1] = { 1, 0.97, 0.85, 0.5, 0.4, 0.35, 0.32, 0.3 };

	return after[taken];
}

static enum budget_change world_step(struct world *w, double load)
{
	unsigned int taken = w->budget.taken;
	double spent = load * left(taken);
	double more = w->foresees && taken ? load * left(taken - 1) - spent : 0;
	enum budget_change change;

	w->now_ns += INTERVAL_NS;
	change = budget_see(&w->budget, w->now_ns, spent, more, true);
	w->sheds += change == BUDGET_SHEDS;
	w->returns += change == BUDGET_RETURNS;
	if (w->budget.taken > w->most)
		w->most = w->budget.taken;
	assert_int_equal(w->budget.taken, w->sheds - w->returns);
	return change;
}

/* --- The decision. */

static void what_is_cheap_is_left_alone(void **state)
{
	struct world w;
	__u64 i;

	world_init(&w);
	for (i = 0; i < 1000; i++)
		assert_int_equal(world_step(&w, 0.99 * LIMIT), BUDGET_STAYS);
}

/* One an interval, and no further than it takes. */
static void a_step_an_interval_until_it_fits(void **state)
{
	struct world w;
	int i;

	world_init(&w);
	for (i = 1; i <= 3; i++) {
		assert_int_equal(world_step(&w, 1.9 * LIMIT), BUDGET_SHEDS);
		assert_int_equal(w.budget.taken, i);
	}
	/* 1.9 times half of it is 0.95 of the limit: it neither goes on nor returns. */
	for (i = 0; i < 1000; i++)
		assert_int_equal(world_step(&w, 1.9 * LIMIT), BUDGET_STAYS);
}

static void the_floor_is_the_last_step(void **state)
{
	struct world w;
	int i;

	world_init(&w);
	for (i = 0; i < STEPS; i++)
		assert_int_equal(world_step(&w, 1000 * LIMIT), BUDGET_SHEDS);
	for (i = 0; i < 100; i++)
		assert_int_equal(world_step(&w, 1000 * LIMIT), BUDGET_STAYS);
	assert_int_equal(w.budget.taken, STEPS);
}

static void it_returns_below_three_quarters_only(void **state)
{
	struct world w;
	int i;

	world_init(&w);
	world_step(&w, 1.01 * LIMIT);
	assert_int_equal(w.budget.taken, 1);
	for (i = 0; i < 1000; i++)
		assert_int_equal(world_step(&w, 0.76 / 0.97 * LIMIT), BUDGET_STAYS);
	for (i = 0; i < 100 && w.budget.taken; i++)
		world_step(&w, 0.1 * LIMIT);
	assert_int_equal(w.budget.taken, 0);
	/* After a minute of it, and some half a minute until the mean of the past is as low. */
	assert_in_range(i, 12, 20);
}

static void one_expensive_interval_is_no_reason(void **state)
{
	struct world w;
	int i;

	world_init(&w);
	for (i = 0; i < 20; i++)
		world_step(&w, 0.3 * LIMIT);
	assert_int_equal(world_step(&w, 5 * LIMIT), BUDGET_STAYS);
	for (i = 0; i < 20; i++)
		assert_int_equal(world_step(&w, 0.3 * LIMIT), BUDGET_STAYS);
	/* Several are: at most half a minute later. */
	for (i = 0; i < 6 && !w.budget.taken; i++)
		world_step(&w, 2 * LIMIT);
	assert_int_equal(w.budget.taken, 1);
}

/* Noise about the limit takes the steps that it takes once, and then there is peace. */
static void noise_about_the_limit_settles(void **state)
{
	const double wide[] = { 0.05, 0.2, 0.5, 1 };
	struct world w;
	unsigned int i, late;

	for (i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
		world_init(&w);
		while (w.now_ns < 1000 * NS_PER_S + TEN_MINUTES_NS)
			world_step(&w, LIMIT * (1 + wide[i] * noise(&w)));
		assert_in_range(w.sheds, 1, 3 + w.returns);
		assert_true(w.returns <= 2);
		/* And in the hour after that it is no livelier. */
		late = w.sheds + w.returns;
		while (w.now_ns < 1000 * NS_PER_S + 7 * TEN_MINUTES_NS)
			world_step(&w, LIMIT * (1 + wide[i] * noise(&w)));
		assert_true(w.sheds + w.returns - late <= 12);
	}
}

/*
 * The worst that a load can do: high as soon as everything is back, low as soon as something is off. In
 * ten minutes there is time for the cool-downs of 1, 2 and 4 minutes, and no more.
 */
static void an_adversary_gets_three_returns(void **state)
{
	struct world w;

	world_init(&w);
	while (w.now_ns < 1000 * NS_PER_S + TEN_MINUTES_NS)
		world_step(&w, w.budget.taken ? 0.1 * LIMIT : 3 * LIMIT);
	assert_in_range(w.returns, 2, 3);
	assert_true(w.sheds <= w.returns + 1);
	/* In a day: the cool-down grows to an hour. */
	while (w.now_ns < 1000 * NS_PER_S + 144 * TEN_MINUTES_NS)
		world_step(&w, w.budget.taken ? 0.1 * LIMIT : 3 * LIMIT);
	assert_true(w.returns <= 30);
	assert_true(w.budget.cooldown_ns <= 3840 * NS_PER_S);
}

/* A load that swings around the limit, in periods from ten seconds to five minutes. */
static void swings_do_not_flap(void **state)
{
	const __u64 periods[] = { 10, 20, 45, 60, 90, 120, 200, 300 };
	struct world w;
	unsigned int i;

	for (i = 0; i < sizeof(periods) / sizeof(periods[0]); i++) {
		world_init(&w);
		while (w.now_ns < 1000 * NS_PER_S + TEN_MINUTES_NS)
			world_step(&w, w.now_ns / NS_PER_S % periods[i] < periods[i] / 2
					       ? 1.6 * LIMIT
					       : 0.2 * LIMIT);
		/* Down to what fits once, and at most the three returns that an adversary gets. */
		assert_true(w.sheds <= 3 + w.returns);
		assert_true(w.returns <= 6);
	}
}

/* A return that held ten minutes was right: a later load begins with a short cool-down again. */
static void a_later_load_is_another_one(void **state)
{
	struct world w;
	int i, load;

	world_init(&w);
	for (load = 0; load < 4; load++) {
		for (i = 0; i < 12 && !w.budget.taken; i++)
			world_step(&w, 2 * LIMIT);
		assert_int_equal(w.budget.taken, 1);
		assert_true(w.budget.cooldown_ns == 60 * NS_PER_S);
		for (i = 0; i < 200; i++)
			world_step(&w, 0.1 * LIMIT);
		assert_int_equal(w.budget.taken, 0);
	}
}

/* The collapse of others: a step helps, and is followed by more for the excess of before it. */
static void it_does_not_fall_through_to_the_floor(void **state)
{
	struct world w;
	int i;

	world_init(&w);
	for (i = 0; i < 100; i++)
		world_step(&w, 0.9 * LIMIT);
	for (i = 0; i < 100; i++)
		world_step(&w, 1.1 * LIMIT);
	assert_int_equal(w.most, 2); /* 1.1 x 0.85 fits */
}

/* Under a load that goes on, what would not fit is not tried. */
static void what_a_step_saved_keeps_it_off(void **state)
{
	struct world w;
	int i, foresees;

	for (foresees = 0; foresees < 2; foresees++) {
		world_init(&w);
		w.foresees = foresees;
		for (i = 0; i < 1000; i++)
			world_step(&w, 1.4 * LIMIT);
		/* Three steps leave 0.7 of the limit, two 1.19. */
		assert_int_equal(w.most, 3);
		if (foresees)
			assert_int_equal(w.returns, 0);
		else
			assert_in_range(w.returns, 1, 8);
	}
	for (i = 0; i < 100; i++) /* half the load: it would fit */
		world_step(&w, 0.5 * LIMIT);
	assert_int_equal(w.budget.taken, 0);
}

/* --- The steps. */

struct noted {
	struct source base;
	__u32 parts;
	unsigned int told;
	int err; /* not 0: nothing is switched */
	struct probe_costs costs;
};

static int note_shed(struct source *source, __u32 parts)
{
	struct noted *n = (struct noted *)source;

	if (n->err)
		return n->err;
	n->parts = parts;
	n->told++;
	return 0;
}

static int note_costs(struct source *source, struct probe_costs *ret)
{
	*ret = ((struct noted *)source)->costs;
	return 0;
}

static const struct source_ops noted_ops = { .shed = note_shed, .costs = note_costs };

struct desk {
	struct noted noted;
	struct logbook book;
	struct overhead o;
	struct overhead_totals now;
};

static void desk_init_on(struct desk *d, __u64 limit_ppb, __u64 interval_ns, bool corrects)
{
	memset(d, 0, sizeof(*d));
	d->noted.base.ops = &noted_ops;
	d->book.level = SEVERITIES; /* writes nothing */
	overhead_init(&d->o, limit_ppb, interval_ns, corrects, &d->noted.base, &d->book, NULL);
	d->now.time_ns = 1000 * NS_PER_S;
	overhead_see(&d->o, &d->now);
	d->now.time_ns += interval_ns;
	d->now.cpu_ns += interval_ns; /* what starting takes */
	overhead_see(&d->o, &d->now);
}

static void desk_init(struct desk *d, __u64 limit_ppb, __u64 interval_ns)
{
	desk_init_on(d, limit_ppb, interval_ns, true);
}

/* An interval in which our processes took so much of a core, and the host switched so often. */
static void desk_pass(struct desk *d, double cores, __u64 switches)
{
	__u64 ns = overhead_interval_ns(&d->o);

	d->now.time_ns += ns;
	d->now.cpu_ns += cores * ns;
	d->now.switches += switches;
	overhead_see(&d->o, &d->now);
}

static void steps_go_in_their_order(void **state)
{
	static const struct {
		__u32 parts;
		__u64 interval_s;
	} want[] = {
		{ 1, 5 },   { 3, 5 },	{ 7, 5 },   { 15, 5 },	{ 15, 10 },
		{ 15, 20 }, { 15, 40 }, { 15, 60 }, { 15, 60 },
	};
	struct desk d;
	unsigned int i, k;

	desk_init(&d, 10000000, INTERVAL_NS);
	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		desk_pass(&d, 0.5, 0);
		assert_int_equal(d.noted.parts, want[i].parts);
		assert_true(overhead_interval_ns(&d.o) == want[i].interval_s * NS_PER_S);
		assert_true(overhead_least_interval_ns(&d.o) ==
			    (i < 4 ? 0 : want[i].interval_s * NS_PER_S));
		for (k = 0; k < SELF_SHED_STEPS; k++)
			assert_true(d.o.self.shed[k] == (k <= i));
	}
	assert_int_equal(d.noted.told, 8);
	assert_true(d.o.self.overhead_ppb[SELF_OVERHEAD_PROCESSES] == 500000000);
	/* And back, the last one first. */
	for (i = 0; i < 1000 && d.o.budget.taken; i++)
		desk_pass(&d, 0.001, 0);
	assert_int_equal(d.noted.parts, 0);
	assert_true(overhead_interval_ns(&d.o) == INTERVAL_NS);
	assert_true(d.o.self.shed_ns[SELF_SHED_CULPRITS] > d.o.self.shed_ns[SELF_SHED_HISTOGRAMS]);
	assert_true(d.o.self.shed_ns[SELF_SHED_REASONS] > d.o.self.shed_ns[SELF_SHED_INTERVAL]);
}

/* Nothing is so, or said, before the kernel has done it; then each step is, one after the other. */
static void a_step_that_fails_is_taken_later(void **state)
{
	struct desk d;
	unsigned int i;

	desk_init(&d, 10000000, INTERVAL_NS);
	d.book.level = SEVERITY_INFO; /* counted, and written nowhere */
	d.noted.err = -EBUSY;
	for (i = 0; i < 2; i++)
		desk_pass(&d, 0.5, 0);
	assert_int_equal(d.o.budget.taken, 2);
	assert_int_equal(d.o.said, 0);
	assert_true(!d.o.self.shed[0] && !d.o.self.shed[1] && d.o.failed);
	assert_int_equal(d.book.unwritten, 1); /* that it failed, once */
	d.noted.err = 0;
	desk_pass(&d, 0.005, 0);
	assert_int_equal(d.noted.parts, 3);
	assert_int_equal(d.o.said, 2);
	assert_int_equal(d.book.unwritten, 3); /* and each step */
	assert_true(d.o.self.shed[0] && d.o.self.shed[1] && !d.o.failed);
	assert_false(d.o.saves); /* of two at once neither's saving is known */
	/* One that returns, too. */
	d.noted.err = -EBUSY;
	for (i = 0; i < 1000 && d.o.budget.taken == 2; i++)
		desk_pass(&d, 0.001, 0);
	assert_int_equal(d.o.said, 2);
	assert_true(d.o.self.shed[1]);
	d.noted.err = 0;
	desk_pass(&d, 0.001, 0);
	assert_int_equal(d.o.said, 1);
	assert_int_equal(d.book.unwritten, 5); /* it failed again; the return */
	assert_true(d.o.self.shed[0] && !d.o.self.shed[1]);
}

/* What it saved is known from the prices after it, not from those of a try that failed. */
static void a_step_saves_from_when_it_is_taken(void **state)
{
	struct desk d;

	desk_init(&d, 10000000, INTERVAL_NS);
	d.noted.err = -EBUSY;
	desk_pass(&d, 0.5, 0);
	assert_int_equal(d.o.budget.taken, 1);
	assert_false(d.o.saves);
	d.noted.err = 0;
	desk_pass(&d, 0.005, 0);
	assert_int_equal(d.o.said, 1);
	assert_true(d.o.saves);
}

/* Where the kernel's waits need none there is no such step: none is taken that saves nothing. */
static void what_is_not_there_is_no_step(void **state)
{
	struct desk d;
	unsigned int i;

	desk_init_on(&d, 10000000, INTERVAL_NS, false);
	for (i = 0; i < 4; i++)
		desk_pass(&d, 0.5, 0);
	assert_int_equal(d.noted.parts, 7);
	assert_true(overhead_interval_ns(&d.o) == 2 * INTERVAL_NS);
	assert_true(overhead_least_interval_ns(&d.o) == 2 * INTERVAL_NS);
	assert_true(!d.o.self.shed[SELF_SHED_MOVED] && d.o.self.shed[SELF_SHED_INTERVAL]);
}

static void without_a_budget_nothing_goes(void **state)
{
	struct desk d;
	int i;

	desk_init(&d, 0, INTERVAL_NS);
	for (i = 0; i < 100; i++)
		desk_pass(&d, 1, 1000000000);
	assert_int_equal(d.noted.told, 0);
	assert_true(overhead_interval_ns(&d.o) == INTERVAL_NS);
	assert_true(d.o.self.limit_ppb == 0);
}

/* Prices times how many: measured ones as soon as there are some. */
static void probes_count_in_others_time(void **state)
{
	double assumed;
	struct desk d;

	desk_init(&d, 1000000000, INTERVAL_NS);
	desk_pass(&d, 0, 1000000); /* 200 000 a second at the 50 ns that are assumed */
	assert_true(d.o.self.overhead_ppb[SELF_OVERHEAD_PROBES] == 10000000);
	/* The statistics are on: 30 ns. */
	d.o.costs.always = d.noted.costs.always = true;
	d.noted.costs.switch_ns = 60000000;
	desk_pass(&d, 0, 1000000);
	assert_true(d.o.self.overhead_ppb[SELF_OVERHEAD_PROBES] == 6000000);
	/* Ten switches say nothing of one. */
	d.noted.costs.switch_ns += 10000;
	desk_pass(&d, 0, 10);
	d.noted.costs.switch_ns += 30000000;
	desk_pass(&d, 0, 1000000);
	assert_true(d.o.self.overhead_ppb[SELF_OVERHEAD_PROBES] == 6000000);
	/* One life says nothing of another, not even how many ended. */
	d.noted.costs.births = 1;
	d.noted.costs.life_ns = 900000;
	assumed = d.o.prices.life_ns;
	desk_pass(&d, 0, 0);
	assert_true(d.o.prices.life_ns == assumed);
	/* 1 000 tasks a second at 3 us. */
	d.noted.costs.births += 100;
	d.noted.costs.life_ns += 300000;
	d.now.births += 5000;
	desk_pass(&d, 0, 0);
	assert_true(d.o.self.overhead_ppb[SELF_OVERHEAD_PROBES] == 3000000);
}

/* All parts of the probes are off, and what is left is theirs: fewer snapshots would save nothing. */
static void snapshots_are_not_rarer_for_nothing(void **state)
{
	struct desk d;
	int i;

	desk_init(&d, NS_PER_S / 100, 5 * NS_PER_S);
	for (i = 0; i < 30; i++)
		desk_pass(&d, 0.0001, 50000000);
	assert_int_equal(d.noted.parts, 15);
	assert_int_equal(overhead_interval_ns(&d.o), 5 * NS_PER_S);
}

static void a_long_interval_is_never_shortened(void **state)
{
	struct desk d;
	int i;

	desk_init(&d, 1000, 60 * NS_PER_S);
	for (i = 0; i < 10; i++)
		desk_pass(&d, 1, 0);
	assert_int_equal(d.o.budget.taken, 4);
	assert_true(overhead_interval_ns(&d.o) == 60 * NS_PER_S);
}

static void what_would_not_help_is_not_done(void **state)
{
	struct budget budget;
	int i;

	budget_init(&budget, LIMIT, STEPS, 60 * NS_PER_S, 0);
	for (i = 1; i < 20; i++)
		assert_int_equal(budget_see(&budget, i * INTERVAL_NS, 2 * LIMIT, 0, false),
				 BUDGET_STAYS);
	assert_int_equal(budget_see(&budget, i * INTERVAL_NS, 2 * LIMIT, 0, true), BUDGET_SHEDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_cheap_is_left_alone),
		cmocka_unit_test(a_step_an_interval_until_it_fits),
		cmocka_unit_test(the_floor_is_the_last_step),
		cmocka_unit_test(what_would_not_help_is_not_done),
		cmocka_unit_test(it_returns_below_three_quarters_only),
		cmocka_unit_test(one_expensive_interval_is_no_reason),
		cmocka_unit_test(noise_about_the_limit_settles),
		cmocka_unit_test(an_adversary_gets_three_returns),
		cmocka_unit_test(swings_do_not_flap),
		cmocka_unit_test(a_later_load_is_another_one),
		cmocka_unit_test(it_does_not_fall_through_to_the_floor),
		cmocka_unit_test(what_a_step_saved_keeps_it_off),
		cmocka_unit_test(steps_go_in_their_order),
		cmocka_unit_test(a_step_that_fails_is_taken_later),
		cmocka_unit_test(a_step_saves_from_when_it_is_taken),
		cmocka_unit_test(what_is_not_there_is_no_step),
		cmocka_unit_test(without_a_budget_nothing_goes),
		cmocka_unit_test(probes_count_in_others_time),
		cmocka_unit_test(snapshots_are_not_rarer_for_nothing),
		cmocka_unit_test(a_long_interval_is_never_shortened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
