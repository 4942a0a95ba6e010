/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * live_tail.h - the last seconds as entries of a history, for who watches now without programs of their
 * own in the kernel (serve_source.h).
 *
 * Owns: which entries these are: from a key on, ten to twenty seconds. They are made only while somebody
 * asks. Not here: the bytes (record/codec.h, segment.h), how they are asked for (server.c).
 */
#ifndef VIGIE_DAEMON_LIVE_TAIL_H
#define VIGIE_DAEMON_LIVE_TAIL_H

#include "base/buf.h"
#include "data/snapshot.h"

/* The path it is had at, and its media type: entries as in a segment, without the segment's header. */
#define LIVE_TAIL_PATH "/api/v1/entries"
#define LIVE_TAIL_TYPE "application/vnd.vigie.entries"

enum { LIVE_TAIL_MAX = 48 << 20 }; /* bytes, whatever it may take */

struct encoder;

struct live_tail {
	struct encoder *encoder; /* NULL: nobody asks */
	size_t most; /* bytes; beyond it the next entry is a key, alone */
	struct buf bytes; /* entries, the first one a key */
	size_t second_key; /* where the last key is in there, if it is not the first; else 0 */
	__u64 key_ns, asked_ns; /* CLOCK_BOOTTIME of the last key, of the last question */
};

/* most: bytes that it may take; 0: LIVE_TAIL_MAX. */
void live_tail_init(struct live_tail *tail, size_t most);
void live_tail_done(struct live_tail *tail);
/* A snapshot was taken. */
void live_tail_add(struct live_tail *tail, const struct snapshot *snapshot);
/* Appends the entries; the last one is this snapshot, which is the last that was taken. 0 or -errno. */
int live_tail_read(struct live_tail *tail, const struct snapshot *snapshot, struct buf *out);

#endif
