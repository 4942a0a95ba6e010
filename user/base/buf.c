// SPDX-License-Identifier: GPL-2.0-only
/*
 * buf.c - a growing byte buffer with a stated maximum.
 *
 * Owns: growth, the sticky error, and the digits of integers and exact seconds: no float and
 * no locale takes part in either. Not here: any format.
 */
#include "base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BUF_FIRST = 256, /* smallest allocation */
	NS_DIGITS = 9,
};

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void buf_done(struct buf *b)
{
	free(b->data);
	buf_init(b, b->max);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->err = 0;
}

/* Doubling keeps appends linear; the last step goes to the maximum and not beyond. */
static size_t next_cap(const struct buf *b, size_t need)
{
	size_t cap = b->cap ? b->cap : BUF_FIRST;

	while (cap < need)
		cap = cap > b->max / 2 ? b->max : cap * 2;
	return cap < b->max ? cap : b->max;
}

static int buf_grow(struct buf *b, size_t need)
{
	size_t cap = next_cap(b, need);
	char *data = realloc(b->data, cap);

	if (!data)
		return -ENOMEM;
	b->data = data;
	b->cap = cap;
	return 0;
}

char *buf_reserve(struct buf *b, size_t n)
{
	if (b->err)
		return NULL;
	if (n > b->max - b->len) {
		b->err = -E2BIG;
		return NULL;
	}
	/* An empty reservation of an empty buffer still needs an address to return. */
	if (b->len + n > b->cap || !b->data)
		b->err = buf_grow(b, b->len + n);
	return b->err ? NULL : b->data + b->len;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	char *to = buf_reserve(b, len);

	if (!to || !len)
		return;
	memcpy(to, data, len);
	b->len += len;
}

void buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

char *buf_decimal_before(char *end, uint64_t v, unsigned int decimals)
{
	char *at = end;

	if (decimals) {
		for (; decimals; decimals--, v /= 10)
			*--at = '0' + v % 10;
		*--at = '.';
	}
	do {
		*--at = '0' + v % 10;
		v /= 10;
	} while (v);
	return at;
}

static void add_decimal(struct buf *b, uint64_t v, unsigned int decimals)
{
	char text[BUF_DECIMAL_LEN];
	char *end = text + sizeof(text);
	char *begin = buf_decimal_before(end, v, decimals);

	buf_add(b, begin, end - begin);
}

void buf_u64(struct buf *b, uint64_t v)
{
	add_decimal(b, v, 0);
}

void buf_choices(struct buf *b, const char *const names[], unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (i)
			buf_str(b, i + 1 < n ? ", " : " or ");
		buf_str(b, names[i]);
	}
}

void buf_seconds(struct buf *b, uint64_t ns)
{
	add_decimal(b, ns, NS_DIGITS);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	char small[256];
	char *to;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->err = b->err ? b->err : -ENOMEM;
		return;
	}
	if ((size_t)n < sizeof(small)) {
		buf_add(b, small, n);
		return;
	}
	/* vsnprintf insists on its NUL, which is not part of the text. */
	to = buf_reserve(b, (size_t)n + 1);
	if (!to)
		return;
	va_start(ap, fmt);
	vsnprintf(to, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += n;
}
