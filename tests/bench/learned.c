// SPDX-License-Identifier: GPL-2.0-only
/*
 * learned.c - owns how long one sample of one learned series takes: `learned COUNT SERIES`.
 *
 * Prints CPU nanoseconds a sample and bytes a series. SERIES states take turns, as those of a
 * host do, so that they come from memory and not all from the nearest cache. Not here:
 * whether the scores are any good (docs/detector.md).
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "detect/learned.h"

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* A day's wave, noise and now and then a burst. */
static double value_at(uint64_t i, uint64_t *seed)
{
	double day = (i % 17280) / 17280.0, noise;

	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	noise = (*seed >> 40) / 16777216.0;
	return 100 + 400 * day * (1 - day) + 20 * noise + (*seed >> 33) % 5000 / 4999 * 500;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	unsigned long series = argc > 2 ? strtoul(argv[2], NULL, 10) : 0, i;
	struct learned *all = series ? calloc(series, sizeof(*all)) : NULL;
	double *values = count ? malloc(count * sizeof(*values)) : NULL, sum = 0;
	uint64_t seed = 1, began;

	if (!all || !values) {
		fprintf(stderr, "usage: learned COUNT SERIES, both at least 1\n");
		return 2;
	}
	for (i = 0; i < series; i++)
		learned_init(&all[i]);
	for (i = 0; i < count; i++)
		values[i] = value_at(i / series, &seed);
	began = cpu_ns();
	for (i = 0; i < count; i++)
		sum += learned_step(&all[i % series], 5 * (i / series), values[i]);
	printf("%.1f %zu %.3f\n", (cpu_ns() - began) / (double)count, sizeof(*all), sum);
	free(values);
	free(all);
	return 0;
}
