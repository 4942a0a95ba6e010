/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * learned.h - how far a series departs from its own past. PURE.
 *
 * Four measures of a sample, each judged by how rare its value is in this series' own past:
 *	error	how far is the value from what the last few led to expect?
 *	level	how far are the last few from the long mean?
 *	season	how far are the last few from the same time of other days?
 *	quiet	how much less does it vary than it used to?
 * docs/detector.md has the reasons and the measurements.
 *
 * Owns: the state of one series, constant in size. A score depends on earlier samples only.
 * No libm: the same numbers give the same bits on every machine. Not here: what is a series,
 * what is done about a score.
 */
#ifndef VIGIE_DETECT_LEARNED_H
#define VIGIE_DETECT_LEARNED_H

#include <stdbool.h>
#include <stdint.h>

enum {
	LEARNED_BINS = 64, /* half octaves: a factor of 2^16 about the first value, up and down */
	LEARNED_LEVEL = 10, /* samples that are "the last few" */
	LEARNED_SEASONS = 48, /* half hours of a day */
};

/* How often each magnitude was seen; older ones count less. */
struct learned_past {
	float seen[LEARNED_BINS];
	float all; /* sum of seen */
	float weight; /* of the next one: grows instead of all others shrinking */
	double unit; /* the first magnitude that was not 0 */
	double highest; /* decays */
};

struct learned {
	struct learned_past error, level, season, quiet;
	double fast, slow; /* expected value: of the last few, of the long run */
	double season_rest; /* smoothed distance from the season's value */
	double spread_short, spread_long; /* squared */
	double last[LEARNED_LEVEL];
	float season_value[LEARNED_SEASONS];
	uint16_t season_seen[LEARNED_SEASONS]; /* samples, up to a bound */
	bool day_known; /* a whole day was seen */
	uint32_t samples;
	uint32_t since; /* samples since an episode was reported */
	double reported; /* how strong that one was */
};

void learned_init(struct learned *learned);
/*
 * Takes the next sample; time_s is the wall clock, it may jump. Returns how unusual it is
 * in [0, 1): one sample of an episode, its strongest so far, has the score, the others have 0.
 * What is no number is taken as the value before.
 */
double learned_step(struct learned *learned, uint64_t time_s, double value);
/* What was expected, and how far from it values usually are: of the sample that comes next. */
double learned_expected(const struct learned *learned);
double learned_spread(const struct learned *learned);

/* From here on vigie calls it a departure: fitted on the outside yardstick of docs/detector.md. */
#define LEARNED_THRESHOLD 0.455

#endif
