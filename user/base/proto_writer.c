// SPDX-License-Identifier: GPL-2.0-only
/* proto_writer.c - owns the wire format's bytes. */
#include "base/proto_writer.h"

#include <endian.h>
#include <string.h>

#include "base/varint.h"

enum wire { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_LENGTH = 2 };

static void key(struct buf *out, uint32_t field, enum wire wire)
{
	varint_put(out, (uint64_t)field << 3 | wire);
}

static size_t varint_len(uint64_t v)
{
	size_t n = 1;

	for (; v >= 0x80; v >>= 7)
		n++;
	return n;
}

void proto_u64(struct buf *out, uint32_t field, uint64_t value)
{
	if (value)
		proto_varint_always(out, field, value);
}

void proto_varint_always(struct buf *out, uint32_t field, uint64_t value)
{
	key(out, field, WIRE_VARINT);
	varint_put(out, value);
}

static void fixed64(struct buf *out, uint64_t value)
{
	value = htole64(value);
	buf_add(out, &value, sizeof(value));
}

static uint64_t bits_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

void proto_fixed64_always(struct buf *out, uint32_t field, uint64_t value)
{
	key(out, field, WIRE_FIXED64);
	fixed64(out, value);
}

void proto_double_always(struct buf *out, uint32_t field, double value)
{
	proto_fixed64_always(out, field, bits_of(value));
}

void proto_text(struct buf *out, uint32_t field, const char *text)
{
	if (*text)
		proto_bytes_always(out, field, text, strlen(text));
}

void proto_packed_fixed64(struct buf *out, uint32_t field, const uint64_t *values, size_t n)
{
	size_t i;

	if (!n)
		return;
	key(out, field, WIRE_LENGTH);
	varint_put(out, n * sizeof(*values));
	for (i = 0; i < n; i++)
		fixed64(out, values[i]);
}

void proto_packed_double(struct buf *out, uint32_t field, const double *values, size_t n)
{
	size_t i;

	if (!n)
		return;
	key(out, field, WIRE_LENGTH);
	varint_put(out, n * sizeof(*values));
	for (i = 0; i < n; i++)
		fixed64(out, bits_of(values[i]));
}

void proto_bytes_always(struct buf *out, uint32_t field, const void *data, size_t len)
{
	key(out, field, WIRE_LENGTH);
	varint_put(out, len);
	buf_add(out, data, len);
}

void proto_message(struct buf *out, uint32_t field, struct buf *message)
{
	if (message->err && !out->err)
		out->err = message->err;
	else
		proto_bytes_always(out, field, message->data, message->len);
	buf_clear(message);
}

void proto_packed_always(struct buf *out, uint32_t field, const uint64_t *values, size_t n)
{
	size_t len = 0, i;

	for (i = 0; i < n; i++)
		len += varint_len(values[i]);
	key(out, field, WIRE_LENGTH);
	varint_put(out, len);
	for (i = 0; i < n; i++)
		varint_put(out, values[i]);
}
