/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * varint.h - small numbers in few bytes: LEB128, zigzag for signed ones.
 *
 * Owns: the writer over a buf, and a reader that never leaves its bytes: what is wrong makes
 * err stick, and everything read from then on is 0.
 */
#ifndef VIGIE_BASE_VARINT_H
#define VIGIE_BASE_VARINT_H

#include <stdbool.h>

#include "base/buf.h"

void varint_put(struct buf *out, uint64_t v);
/* The difference to - from, modulo 2^64, short where it is small in either direction. */
void varint_put_delta(struct buf *out, uint64_t to, uint64_t from);

struct varint_reader {
	const unsigned char *at, *end;
	bool err; /* the bytes ended, or were not what is written here */
};

void varint_reader_init(struct varint_reader *r, const void *data, size_t len);
uint64_t varint_get(struct varint_reader *r);
/* from plus the difference that comes next. */
uint64_t varint_get_delta(struct varint_reader *r, uint64_t from);
/* Copies len bytes; zeros if there are fewer. */
void varint_get_bytes(struct varint_reader *r, void *dst, size_t len);
/* A number that must not be above max; 0 with err otherwise. */
uint64_t varint_get_max(struct varint_reader *r, uint64_t max);

#endif
