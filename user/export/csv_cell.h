/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * csv_cell.h - texts and line ends of comma-separated values (RFC 4180), for whoever opens them.
 *
 * Owns: quoting, and which texts a spreadsheet would not leave as they are. Names are hostile:
 * whoever may start a process chooses what stands in such a cell.
 */
#ifndef VIGIE_EXPORT_CSV_CELL_H
#define VIGIE_EXPORT_CSV_CELL_H

#include <stdbool.h>

#include "base/buf.h"

#define CSV_EOL "\r\n"

/*
 * Begins it like a formula, which a spreadsheet runs? Or with an apostrophe: who takes one away in
 * front of a text then always takes ours.
 */
bool csv_is_formula(const char *text);
/*
 * Would a spreadsheet make a number, a date or a truth value of it: 0012, 1e5, (5), mar1, TRUE?
 * True of some that it would leave alone, too.
 */
bool csv_is_number(const char *text);
/* In quotes; with an apostrophe before it a spreadsheet shows it, and does nothing else. */
void csv_text(struct buf *out, const char *text, bool apostrophe);

#endif
