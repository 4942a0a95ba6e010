// SPDX-License-Identifier: GPL-2.0-only
/* learned.c - owns the arithmetic of rarity. Every constant has its reason in docs/detector.md. */
#include "detect/learned.h"

#include <string.h>

#ifndef LEARNED_TUNE
static const struct {
	double fast; /* weight of a new value in the expected one */
	double slow_samples; /* the long run */
	double memory; /* samples after which what was seen counts half */
	unsigned int quiet_after; /* samples for which a weaker episode is the same episode */
	unsigned int warm; /* samples before anything is judged */
	double season_samples; /* smoothing of the distance from the season's value */
	double agree; /* what each further question adds to the strongest */
} tune = { 0.2, 2000, 4000, 200, 150, 3, 0.5 };
#else
struct {
	double fast, slow_samples, memory;
	unsigned int quiet_after, warm;
	double season_samples, agree;
} tune = { 0.2, 2000, 4000, 200, 150, 3, 0.5 };
#endif

#define LEAST 1.0 /* what is as common as one in ten is no episode at all */
#define STRONGER 1.2 /* within an episode only a fifth more is news */
#define HALF_SCORE 5.0 /* strength at which the score is one half */
#define SPREAD_SHORT 20
#define SPREAD_LONG 400
#define SEASON_DAYS 2 /* a half hour's value follows the last days */
#define DAY_S 86400

/* log2 by its exponent and a cubic of the mantissa: within 0.001, and the same everywhere. */
static double log2_of(double v)
{
	uint64_t bits;
	int exponent;
	double m;

	memcpy(&bits, &v, sizeof(bits));
	exponent = (int)(bits >> 52 & 0x7ff) - 1023;
	bits = (bits & 0xfffffffffffffULL) | 0x3ff0000000000000ULL;
	memcpy(&m, &bits, sizeof(m));
	m -= 1;
	return exponent + m * (1.4208 + m * (-0.5772 + m * 0.1564));
}

static double magnitude(double v)
{
	return v < 0 ? -v : v;
}

/* --- The past of one question. */

static int bin_of(const struct learned_past *past, double v)
{
	int bin;

	if (!(v > 0) || !(past->unit > 0))
		return 0;
	bin = (int)(2 * log2_of(v / past->unit) + LEARNED_BINS / 2);
	return bin < 0 ? 0 : bin >= LEARNED_BINS ? LEARNED_BINS - 1 : bin;
}

/* How rare: decimal digits of the share of the past that was as large, and octaves beyond it. */
static double rarity(const struct learned_past *past, double v)
{
	int bin = bin_of(past, v), i;
	double above = 0.5 * past->seen[bin], weight = past->weight, digits;

	for (i = bin + 1; i < LEARNED_BINS; i++)
		above += past->seen[i];
	digits = 0.30103 * log2_of((past->all + weight) / (above + 0.5 * weight));
	if (past->highest > 0 && v > past->highest)
		digits += log2_of(v / past->highest);
	return digits;
}

static void learned_remember(struct learned_past *past, double v)
{
	double grow = 1 + 0.693147 / tune.memory;
	int i;

	if (!(past->unit > 0) && v > 0)
		past->unit = v;
	past->weight = past->weight > 0 ? past->weight * grow : 1;
	past->seen[bin_of(past, v)] += past->weight;
	past->all += past->weight;
	past->highest = past->highest / grow > v ? past->highest / grow : v;
	if (past->weight < 1e6)
		return;
	for (i = 0; i < LEARNED_BINS; i++)
		past->seen[i] *= 1e-6f;
	past->all *= 1e-6f;
	past->weight *= 1e-6f;
}

/* --- The four questions. */

struct answers {
	double error, level, season, quiet;
	bool seasonal; /* the season is known */
};

/* A running mean whose first samples all count alike. */
static void follow(double *mean, double v, double samples, double seen)
{
	*mean += (v - *mean) / (seen < samples ? seen : samples);
}

static double level_of(const struct learned *l)
{
	unsigned int n = l->samples < LEARNED_LEVEL ? l->samples : LEARNED_LEVEL, i;
	double sum = 0;

	for (i = 0; i < n; i++)
		sum += l->last[i];
	return sum / n;
}

/* Spreads are compared as squares; no root is needed for what is only ranked. */
static double quietness(const struct learned *l)
{
	if (!(l->spread_long > 0))
		return 0;
	return l->spread_long / (l->spread_short > l->spread_long * 1e-18 ? l->spread_short
									  : l->spread_long * 1e-18);
}

static void ask_season(struct learned *l, uint64_t time_s, double v, struct answers *a)
{
	unsigned int at = time_s % DAY_S / (DAY_S / LEARNED_SEASONS);
	double rest = 0;

	a->seasonal = l->day_known && l->season_seen[at];
	if (a->seasonal)
		rest = v - l->season_value[at];
	l->season_rest += (rest - l->season_rest) / tune.season_samples;
	a->season = magnitude(l->season_rest);
}

static void learn_season(struct learned *l, uint64_t time_s, double v)
{
	unsigned int at = time_s % DAY_S / (DAY_S / LEARNED_SEASONS);
	double samples = l->season_seen[at];

	/* Half an hour's samples are one day's word: how many they are, the rate tells. */
	if (l->season_seen[at] < UINT16_MAX)
		l->season_seen[at]++;
	if (samples > 12 * SEASON_DAYS - 1)
		samples = 12 * SEASON_DAYS - 1;
	l->season_value[at] += (v - l->season_value[at]) / (samples + 1);
}

static void learned_ask(struct learned *l, uint64_t time_s, double v, struct answers *a)
{
	double off = v - l->fast;

	l->last[l->samples % LEARNED_LEVEL] = v;
	l->samples++;
	a->error = magnitude(off);
	a->level = magnitude(level_of(l) - l->slow);
	follow(&l->spread_short, off * off, SPREAD_SHORT, l->samples);
	follow(&l->spread_long, off * off, SPREAD_LONG, l->samples);
	a->quiet = quietness(l);
	ask_season(l, time_s, v, a);
}

static double strength(const struct learned *l, const struct answers *a)
{
	double each[4], most = 0, sum = 0;
	int i;

	each[0] = 0.5 * rarity(&l->error, a->error); /* one sample is half a word */
	each[1] = rarity(&l->level, a->level);
	each[2] = a->seasonal ? rarity(&l->season, a->season) : 0;
	each[3] = rarity(&l->quiet, a->quiet);
	for (i = 0; i < 4; i++) {
		most = each[i] > most ? each[i] : most;
		sum += each[i];
	}
	return most + tune.agree * (sum - most);
}

static void learn(struct learned *l, uint64_t time_s, double v, const struct answers *a)
{
	learned_remember(&l->error, a->error);
	learned_remember(&l->level, a->level);
	if (a->seasonal)
		learned_remember(&l->season, a->season);
	learned_remember(&l->quiet, a->quiet);
	l->fast += tune.fast * (v - l->fast);
	follow(&l->slow, v, tune.slow_samples, l->samples);
	learn_season(l, time_s, v);
}

void learned_init(struct learned *l)
{
	memset(l, 0, sizeof(*l));
	l->since = UINT32_MAX;
}

/* One episode, one report: a weaker one that follows is the same episode still. */
static double learned_report(struct learned *l, double strong)
{
	if (l->since < UINT32_MAX)
		l->since++;
	if (l->since > tune.quiet_after)
		l->reported = 0;
	if (!(strong > LEAST) || !(strong > STRONGER * l->reported))
		return 0;
	l->reported = strong;
	l->since = 0;
	return strong / (strong + HALF_SCORE);
}

/* A day has come round when a half hour and its successor were both seen before. */
static void note_day(struct learned *l, uint64_t time_s)
{
	unsigned int at = time_s % DAY_S / (DAY_S / LEARNED_SEASONS);

	if (l->season_seen[at] && l->season_seen[(at + 1) % LEARNED_SEASONS])
		l->day_known = true;
}

double learned_step(struct learned *l, uint64_t time_s, double value)
{
	double v = value, strong = 0;
	struct answers a = { 0 };

	if (!(magnitude(v) < 1e100)) /* too large, or no number */
		v = l->samples ? l->fast : 0;
	if (!l->samples)
		l->fast = l->slow = v;
	note_day(l, time_s);
	learned_ask(l, time_s, v, &a);
	if (l->samples > tune.warm)
		strong = strength(l, &a);
	learn(l, time_s, v, &a);
	return learned_report(l, strong);
}

double learned_expected(const struct learned *l)
{
	return l->fast;
}

/* The root of the long spread by Newton's method: no libm, and a few steps suffice. */
double learned_spread(const struct learned *l)
{
	double v = l->spread_long, root = v > 1 ? v : 1;
	int i;

	if (!(v > 0))
		return 0;
	for (i = 0; i < 200 && root * root > v * (1 + 1e-9); i++)
		root = 0.5 * (root + v / root);
	return root;
}
