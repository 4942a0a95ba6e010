// SPDX-License-Identifier: GPL-2.0-only
/* nearest.c - owns the edit distance (Levenshtein's), row by row. */
#include "base/nearest.h"

size_t nearest_distance(const char *a, size_t na, const char *b, size_t nb)
{
	size_t row[NEAREST_LEN + 1], i, j;

	if (na > NEAREST_LEN)
		na = NEAREST_LEN;
	if (nb > NEAREST_LEN)
		nb = NEAREST_LEN;
	for (j = 0; j <= nb; j++)
		row[j] = j;
	for (i = 1; i <= na; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (j = 1; j <= nb; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (best > row[j] + 1)
				best = row[j] + 1;
			if (best > row[j - 1] + 1)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[nb];
}
