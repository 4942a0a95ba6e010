/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * codec.h - a snapshot as bytes, and back, bit for bit. PURE.
 *
 * An entry is a key (decodable by itself) or a delta against the entry before it. The format
 * is described in docs/history.md. Not here: files, checksums, compression (ring.h).
 */
#ifndef VIGIE_RECORD_CODEC_H
#define VIGIE_RECORD_CODEC_H

#include "base/buf.h"
#include "data/snapshot.h"

/*
 * Of the bytes that are written. A new counter does not change it: see codec_words.h. All versions
 * up to it are read; a later one is refused by name.
 */
enum { CODEC_VERSION = 3 };

struct encoder;

struct encoder *encoder__new(void); /* NULL with errno set */
void encoder__free(struct encoder *encoder); /* accepts NULL */
/*
 * Appends the snapshot to out. key: without looking back; the first entry always is one, and
 * *ret_key says what it became. 0, or -ENOMEM or -E2BIG: the next entry will be a key.
 */
int encoder__encode(struct encoder *encoder, const struct snapshot *snapshot, bool key,
		    struct buf *out, bool *ret_key);

struct decoder;

struct decoder *decoder__new(void); /* NULL with errno set */
void decoder__free(struct decoder *decoder); /* accepts NULL */
/*
 * version is that of the entry's bytes; of a delta it is that of its key, and not looked at.
 * *ret's arrays belong to the decoder until the next call. 0; -EPROTONOSUPPORT: a version that
 * we do not know; -EBADMSG: not what an encoder
 * writes; -ENODATA: a delta, and what it follows was not decoded; -ENOMEM. After an error
 * only a key can be decoded.
 */
int decoder__decode(struct decoder *decoder, const void *data, size_t len, bool key,
		    unsigned int version, struct snapshot *ret);

#endif
