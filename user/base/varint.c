// SPDX-License-Identifier: GPL-2.0-only
/* varint.c - owns the bits. */
#include "base/varint.h"

#include <string.h>

enum { VARINT_MAX = 10 };

void varint_put(struct buf *out, uint64_t v)
{
	unsigned char *to = (unsigned char *)buf_reserve(out, VARINT_MAX);
	size_t n = 0;

	if (!to)
		return;
	for (; v >= 0x80; v >>= 7)
		to[n++] = v | 0x80;
	to[n++] = v;
	out->len += n;
}

void varint_put_delta(struct buf *out, uint64_t to, uint64_t from)
{
	uint64_t d = to - from;

	varint_put(out, d << 1 ^ (0 - (d >> 63)));
}

void varint_reader_init(struct varint_reader *r, const void *data, size_t len)
{
	r->at = data;
	r->end = r->at + len;
	r->err = false;
}

uint64_t varint_get(struct varint_reader *r)
{
	uint64_t v = 0;
	unsigned int shift;

	for (shift = 0; shift < 64 && r->at < r->end; shift += 7) {
		unsigned char byte = *r->at++;

		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		/* The tenth byte has room for one bit; and one number is written in one way. */
		if ((shift == 63 && byte > 1) || (shift && !byte))
			break;
		return r->err ? 0 : v;
	}
	r->err = true;
	r->at = r->end;
	return 0;
}

uint64_t varint_get_delta(struct varint_reader *r, uint64_t from)
{
	uint64_t z = varint_get(r);

	return from + (z >> 1 ^ (0 - (z & 1)));
}

void varint_get_bytes(struct varint_reader *r, void *dst, size_t len)
{
	if ((size_t)(r->end - r->at) < len) {
		r->err = true;
		r->at = r->end;
		memset(dst, 0, len);
		return;
	}
	memcpy(dst, r->at, len);
	r->at += len;
}

uint64_t varint_get_max(struct varint_reader *r, uint64_t max)
{
	uint64_t v = varint_get(r);

	if (v <= max)
		return v;
	r->err = true;
	r->at = r->end;
	return 0;
}
