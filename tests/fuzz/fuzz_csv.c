// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_csv.c - lines of a series from anybody, through `vigie detect`'s parser into the detector:
 * a score is a number from 0 to 1 whatever the values are.
 */
#include "fuzz.h"

#include <math.h>

#include "app/detect_row.h"
#include "detect/learned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size), *rest = text, *line;
	struct detect_row row;
	struct learned learned;
	double score;

	learned_init(&learned);
	while ((line = strsep(&rest, "\n"))) {
		const char *end = line + strlen(line);

		if (detect_row_parse(line, &row))
			continue;
		FUZZ_CHECK(row.stamp == line && row.value > line && row.value <= end);
		FUZZ_CHECK(isfinite(row.number));
		score = learned_step(&learned, row.time_s, row.number);
		FUZZ_CHECK(score >= 0 && score <= 1);
	}
	free(text);
	return 0;
}
