/* SPDX-License-Identifier: GPL-2.0-only */
/* detect_row.h - a line "timestamp,value" of `vigie detect`'s input. PURE. */
#ifndef VIGIE_APP_DETECT_ROW_H
#define VIGIE_APP_DETECT_ROW_H

#include <stdint.h>

struct detect_row {
	const char *stamp, *value; /* the texts in the line, which is cut between them */
	uint64_t time_s; /* since 1970 */
	double number; /* finite */
};

/* What is wrong with the line, completing "line N …", or NULL. */
const char *detect_row_parse(char *line, struct detect_row *ret);

#endif
