/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * star_cells.h - rows of one table in a dialect.
 *
 * Owns: separators, decimal points, keys as text. Only star*.c include it.
 */
#ifndef VIGIE_EXPORT_STAR_CELLS_H
#define VIGIE_EXPORT_STAR_CELLS_H

#include "base/units.h"
#include "export/star.h"

/*
 * A letter, so that no spreadsheet takes it for a number, and 96 bits of SHA-256: of what it names,
 * each part terminated.
 */
enum { STAR_KEY_HEX = 24, STAR_KEY_LEN = 1 + STAR_KEY_HEX + 1 };

struct star_key {
	char text[STAR_KEY_LEN];
};

struct star_key star_key_of(char letter, const char *host, const void *what, size_t len);

/* One row under construction. */
struct star_row {
	struct buf *out;
	const struct star_dialect *dialect;
	bool begun;
};

void star_key(struct star_row *row, const struct star_key *key);
void star_name(struct star_row *row, const char *name); /* of a column, in a header */
void star_text(struct star_row *row, const char *text);
void star_empty(struct star_row *row);
void star_u64(struct star_row *row, __u64 value);
void star_seconds(struct star_row *row, __u64 ns); /* exact: nine decimals */
void star_double(struct star_row *row, double value); /* nine digits; empty if it is none */
void star_moment(struct star_row *row, __u64 wall_ns); /* UTC, to the second below */
void star_date_key(struct star_row *row, __u64 wall_ns); /* 20261130, UTC */
void star_calendar(struct star_row *row, __u64 day); /* all cells of that one since 1970 */
void star_end(struct star_row *row);

#endif
