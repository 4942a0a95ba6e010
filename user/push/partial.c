// SPDX-License-Identifier: GPL-2.0-only
/* partial.c - owns a reader of protobuf, as far as that answer needs one. */
#include "push/partial.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"

/* Fields, by OTLP 1.11: partial_success = 1 { rejected_* = 1 (int64), error_message = 2 }. */
enum { PARTIAL_SUCCESS = 1, REJECTED = 1, ERROR_MESSAGE = 2 };
enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

struct reader {
	const unsigned char *at, *end;
};

struct field {
	__u64 number, value; /* of a varint */
	unsigned int wire;
	struct reader bytes;
};

static int read_varint(struct reader *r, __u64 *ret)
{
	unsigned int shift;
	__u64 value = 0;

	for (shift = 0; shift < 64 && r->at < r->end; shift += 7) {
		value |= (__u64)(*r->at & 0x7f) << shift;
		if (!(*r->at++ & 0x80)) {
			*ret = value;
			return 0;
		}
	}
	return -EBADMSG;
}

static int skip(struct reader *r, __u64 n, struct field *field)
{
	if (n > (__u64)(r->end - r->at))
		return -EBADMSG;
	field->bytes = (struct reader){ r->at, r->at + n };
	r->at += n;
	return 0;
}

static int read_field(struct reader *r, struct field *field)
{
	__u64 tag;
	int err = read_varint(r, &tag);

	if (err)
		return err;
	field->number = tag >> 3;
	field->wire = tag & 7;
	switch (field->wire) {
	case WIRE_VARINT: return read_varint(r, &field->value);
	case WIRE_FIXED64: return skip(r, 8, field);
	case WIRE_FIXED32: return skip(r, 4, field);
	case WIRE_BYTES:
		err = read_varint(r, &field->value);
		return err ? err : skip(r, field->value, field);
	default: return -EBADMSG; /* groups: nobody has used them for a decade */
	}
}

static int read_partial(struct reader r, struct partial_success *ret)
{
	struct field field;
	int err;

	while (r.at < r.end) {
		err = read_field(&r, &field);
		if (err)
			return err;
		if (field.number == REJECTED && field.wire == WIRE_VARINT)
			ret->rejected = field.value > INT64_MAX ? 0
								: field.value; /* it is signed */
		if (field.number == ERROR_MESSAGE && field.wire == WIRE_BYTES &&
		    field.bytes.at < field.bytes.end)
			text_sanitise(ret->message, sizeof(ret->message),
				      (const char *)field.bytes.at,
				      field.bytes.end - field.bytes.at);
	}
	return 0;
}

int partial_success_parse(const void *data, size_t len, struct partial_success *ret)
{
	struct reader r = { data, (const unsigned char *)data + len };
	struct partial_success partial = { 0 };
	struct field field;
	int err;

	while (r.at < r.end) {
		err = read_field(&r, &field);
		if (!err && field.number == PARTIAL_SUCCESS && field.wire == WIRE_BYTES)
			err = read_partial(field.bytes, &partial);
		if (err)
			return err;
	}
	*ret = partial;
	return 0;
}
