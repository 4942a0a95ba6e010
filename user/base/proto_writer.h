/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * proto_writer.h - the wire format of Protocol Buffers, encode only.
 *
 * Owns: keys, lengths, packed numbers. What is 0 or empty is left out, as proto3 does; the
 * functions with _always write it all the same. Not here: any message's fields.
 */
#ifndef VIGIE_BASE_PROTO_WRITER_H
#define VIGIE_BASE_PROTO_WRITER_H

#include "base/buf.h"

void proto_u64(struct buf *out, uint32_t field, uint64_t value);
void proto_varint_always(struct buf *out, uint32_t field, uint64_t value);
void proto_fixed64_always(struct buf *out, uint32_t field, uint64_t value);
void proto_double_always(struct buf *out, uint32_t field, double value);
void proto_text(struct buf *out, uint32_t field, const char *text);
void proto_bytes_always(struct buf *out, uint32_t field, const void *data, size_t len);
/* A message that was built by itself; it is emptied for the next one, and its error passed on. */
void proto_message(struct buf *out, uint32_t field, struct buf *message);
void proto_packed_fixed64(struct buf *out, uint32_t field, const uint64_t *values, size_t n);
void proto_packed_double(struct buf *out, uint32_t field, const double *values, size_t n);
void proto_packed_always(struct buf *out, uint32_t field, const uint64_t *values, size_t n);

#endif
