/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * parse.h - strict numbers from users: the whole text, in range, or -EINVAL / -ERANGE.
 *
 * Owns: integers, durations ("250ms", "1s", "10m", "1.5h", "2d"), sizes ("256MB", "1GiB"),
 * percentages ("1%", "0.5%"), nothing else. No locale,
 * no sign, no surrounding blanks. ret_ is untouched on failure.
 */
#ifndef VIGIE_BASE_PARSE_H
#define VIGIE_BASE_PARSE_H

#include <stdint.h>

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret);
/* Nanoseconds. A unit (ns us ms s m h d) is required; one decimal point is allowed. */
int parse_duration(const char *text, uint64_t min_ns, uint64_t max_ns, uint64_t *ret_ns);
/* Bytes. A unit (B kB KB MB GB: powers of 1000; KiB MiB GiB: of 1024) is required; no fraction. */
int parse_size(const char *text, uint64_t min, uint64_t max, uint64_t *ret);
/* In parts of 10^9 of the whole; "1%" is 10000000. One decimal point is allowed. */
int parse_percent(const char *text, uint64_t min_ppb, uint64_t max_ppb, uint64_t *ret_ppb);

/*
 * Hex digits of the kernel's and others' tables, at *text, which moves behind them. At least one,
 * at most 16. No prefix.
 */
int parse_hex(const char **text, uint64_t *ret);

#endif
