/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * replay.h - a history as a source of snapshots.
 *
 * Owns: where a replay begins (the key at or before the moment that was asked for) and where
 * it ends. It yields the snapshots that were taken live, bit for bit. Not
 * here: files (reader.h), bytes (codec.h).
 */
#ifndef VIGIE_RECORD_REPLAY_H
#define VIGIE_RECORD_REPLAY_H

#include "data/source.h"
#include "record/reader.h"

struct replay_range {
	__u64 from_wall_ns; /* 0: from the beginning */
	__u64 to_wall_ns; /* 0: to the end */
};

/* Takes over dirfd, also when it fails. 0; -ENOENT: no segments; -ENODATA: none in the range. */
int replay__open(int dirfd, const struct replay_range *range, struct source **ret);

/* Is the snapshot that was read last within the range, not only before it? */
bool replay__in_range(const struct source *source);
/*
 * Is it the first after a restart of vigie or of the host? Then counters begin anew, as they did
 * live.
 */
bool replay__began(const struct source *source);
/* The wall clock of the first and the last entry that are there at all. */
void replay__span(const struct source *source, __u64 *ret_first_ns, __u64 *ret_last_ns);
/* Of the whole history, not only of the range. */
const struct reader_stat *replay__stat(const struct source *source);
/* Entries that were sound but could not be decoded: the entries before them are missing. */
__u64 replay__undecodable(const struct source *source);

#endif
