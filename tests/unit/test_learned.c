// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_learned.c - detect/learned: what departs is found, what varies is not, and nothing that
 * is fed in breaks it.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "detect/learned.h"

enum { LONG = 3000, STEP_S = 5 };

static uint64_t state_of_chance;

/* Sum of twelve uniform ones: bell-shaped, about 1 wide. */
static double chance(void)
{
	double sum = -6;
	int i;

	for (i = 0; i < 12; i++) {
		state_of_chance = state_of_chance * 6364136223846793005ULL + 1442695040888963407ULL;
		sum += (state_of_chance >> 11) / 9007199254740992.0;
	}
	return sum;
}

struct run {
	int alarms, first; /* at or above the threshold */
	double highest;
};

/* LONG samples; what(i) is added from sample at on. */
static struct run feed(uint64_t seed, int at, double (*what)(int i))
{
	struct run run = { .first = -1 };
	struct learned l;
	int i;

	state_of_chance = seed;
	learned_init(&l);
	for (i = 0; i < LONG; i++) {
		double value = 100 + 5 * chance() + (i >= at ? what(i - at) : 0);
		double score = learned_step(&l, 1700000000 + i * STEP_S, value);

		assert_true(score >= 0 && score < 1);
		if (score > run.highest)
			run.highest = score;
		if (score < LEARNED_THRESHOLD)
			continue;
		run.alarms++;
		if (run.first < 0 && i >= at)
			run.first = i - at;
	}
	return run;
}

static double nothing(int i)
{
	return 0;
}

static double shift(int i)
{
	return 60;
}

static double spike(int i)
{
	return i < 2 ? 200 : 0;
}

static double drop(int i)
{
	return -80;
}

/* Of one kind, a hundred times: stationary noise is quiet. */
static void noise_is_quiet(void **state)
{
	int alarms = 0;
	uint64_t seed;

	for (seed = 1; seed <= 100; seed++)
		alarms += feed(seed, LONG, nothing).alarms;
	assert_true(alarms <= 100); /* 300 000 samples: one in 3 000 at most */
}

static void what_departs_is_found_soon(void **state)
{
	double (*const kinds[])(int i) = { shift, spike, drop };
	uint64_t seed;
	size_t k;
	int found;

	for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		for (found = 0, seed = 1; seed <= 50; seed++) {
			struct run run = feed(seed, 2000, kinds[k]);

			found += run.first >= 0 && run.first <= 20;
		}
		assert_true(found >= 48);
	}
}

/* One event, few rows: not a plateau. */
static void an_event_is_reported_once(void **state)
{
	uint64_t seed;

	for (seed = 1; seed <= 20; seed++)
		assert_true(feed(seed, 2000, shift).alarms <= 6);
}

/* A line that goes flat is evidence; alone it stays below the threshold (docs/detector.md). */
static void a_flat_line_is_evidence(void **state)
{
	double score, before = 0, after = 0;
	struct learned l;
	int i;

	state_of_chance = 5;
	learned_init(&l);
	for (i = 0; i < LONG; i++) {
		score = learned_step(&l, i * STEP_S, i < 2500 ? 100 + 5 * chance() : 100);
		if (i >= 2000 && i < 2500 && score > before)
			before = score;
		if (i >= 2500 && score > after)
			after = score;
	}
	assert_true(after > 0.35 && after > before);
}

/* The same series, whatever its unit: the same bits. */
static void scale_and_sign_change_nothing(void **state)
{
	struct learned a, b;
	int i;

	state_of_chance = 9;
	learned_init(&a);
	learned_init(&b);
	for (i = 0; i < LONG; i++) {
		double value = 100 + 5 * chance() + (i > 2000 ? 50 : 0);

		assert_true(learned_step(&a, i * STEP_S, value) ==
			    learned_step(&b, i * STEP_S, -1024 * value));
	}
}

static void the_future_changes_nothing(void **state)
{
	struct learned a, b;
	double scores[LONG];
	int i;

	state_of_chance = 3;
	learned_init(&a);
	for (i = 0; i < LONG; i++)
		scores[i] = learned_step(&a, i * STEP_S, 10 * chance());
	state_of_chance = 3;
	learned_init(&b);
	for (i = 0; i < LONG; i++) {
		double value = 10 * chance();

		if (i < 1500)
			assert_true(learned_step(&b, i * STEP_S, value) == scores[i]);
		else
			learned_step(&b, i * STEP_S, i % 2 ? 1e90 : -1e90);
	}
}

static void anything_may_come(void **state)
{
	static const double bad[] = { NAN, INFINITY, -INFINITY, 1e308, -1e308,
				      0,   -0.0,     1e-308,	5e-324 };
	struct learned l;
	double score;
	int i;

	learned_init(&l);
	for (i = 0; i < 20000; i++) {
		/* The clock stands, jumps and runs backwards, too. */
		score = learned_step(&l, i % 3 ? (uint64_t)i * 7919 : UINT64_MAX - i,
				     i % 2 ? bad[i % 9] : i % 17);
		assert_true(score >= 0 && score < 1);
		assert_true(isfinite(learned_expected(&l)));
		assert_true(isfinite(learned_spread(&l)) && learned_spread(&l) >= 0);
	}
	learned_init(&l);
	for (i = 0; i < 20000; i++) /* for ever the same */
		assert_true(learned_step(&l, i, 42) == 0);
}

static void it_is_small(void **state)
{
	assert_true(sizeof(struct learned) <= 2048);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(noise_is_quiet),
		cmocka_unit_test(what_departs_is_found_soon),
		cmocka_unit_test(an_event_is_reported_once),
		cmocka_unit_test(a_flat_line_is_evidence),
		cmocka_unit_test(scale_and_sign_change_nothing),
		cmocka_unit_test(the_future_changes_nothing),
		cmocka_unit_test(anything_may_come),
		cmocka_unit_test(it_is_small),
	};

	return cmocka_run_group_tests_name("learned", tests, NULL, NULL);
}
