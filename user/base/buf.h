/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * buf.h - a growing byte buffer with a stated maximum.
 *
 * Owns: memory for one text under construction. A failed append marks the buffer as
 * failed for good (-ENOMEM, or -E2BIG over the maximum) and later appends do nothing,
 * so that a writer checks once, at the end. Not here: any format.
 */
#ifndef VIGIE_BASE_BUF_H
#define VIGIE_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>
#include <stdarg.h>

struct buf {
	char *data; /* not NUL-terminated */
	size_t len;
	size_t cap;
	size_t max; /* bytes it may ever hold */
	int err; /* 0, -ENOMEM or -E2BIG: sticky until buf_clear() */
};

void buf_init(struct buf *b, size_t max);
void buf_done(struct buf *b); /* frees; the buffer may be used again */
void buf_clear(struct buf *b); /* empties, keeps the memory, forgets the error */
/* Room for n more bytes; returns where to write them or NULL; then add to len. */
char *buf_reserve(struct buf *b, size_t n);
void buf_add(struct buf *b, const void *data, size_t len);
void buf_str(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_u64(struct buf *b, uint64_t v); /* decimal */
void buf_choices(struct buf *b, const char *const names[], unsigned int n); /* "a, b or c" */
void buf_seconds(struct buf *b, uint64_t ns); /* exact: 12.000000345 (always nine decimals) */
/*
 * v / 10^decimals (at most 19), exact, in the bytes before end; returns where it begins. For
 * whoever copies a whole line at once.
 */
enum { BUF_DECIMAL_LEN = 21 };
char *buf_decimal_before(char *end, uint64_t v, unsigned int decimals);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
