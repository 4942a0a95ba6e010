/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * moments.h - a history that one can move in: any entry by its number.
 *
 * Owns: the list of the entries of a directory and of what was added since, and decoding one from the
 * key before it. What is added is kept in memory, in the bytes of codec.h, within a bound: the oldest
 * of it goes. Not here: files (reader.h), bytes (codec.h).
 */
#ifndef VIGIE_RECORD_MOMENTS_H
#define VIGIE_RECORD_MOMENTS_H

#include "data/snapshot.h"
#include "record/segment.h"

struct moments;

/* Of the segments in there, which it takes over, also when it fails; -1: of none. 0 or -errno. */
int moments__open(int dirfd, struct moments **ret);
void moments__free(struct moments *moments); /* accepts NULL */

/* What was written there meanwhile comes behind; nothing may have been added. 0 or -errno. */
int moments__look_again(struct moments *moments);
/* Places of the directory that were damaged, and passed over as it was listed. */
__u64 moments__skipped(const struct moments *moments);

size_t moments__count(const struct moments *moments);
/* The wall clock of the i-th entry; i below the count. */
__u64 moments__wall_ns(const struct moments *moments, size_t i);
/* Its steady clock, likewise without decoding anything. */
__u64 moments__time_ns(const struct moments *moments, size_t i);
bool moments__is_key(const struct moments *moments, size_t i);
/* The last entry at or before then; the first one if all are later. There must be one. */
size_t moments__find(const struct moments *moments, __u64 wall_ns);

/*
 * The i-th snapshot, and in *ret_before the one before it without any of its arrays: what the
 * increments are since. time_ns 0 there: none is known, vigie began anew with this one. Both valid
 * until the next call. 0; -ENODATA: it, or what it follows, cannot be read any more; or -errno.
 */
int moments__load(struct moments *moments, size_t i, struct snapshot *ret,
		  struct snapshot *ret_before);
/* It alone; who goes from one to the next has each decoded once. As moments__load(). */
int moments__load_one(struct moments *moments, size_t i, struct snapshot *ret);
/* A key by itself: cheaper, for who looks at many. As moments__load(). */
int moments__load_key(struct moments *moments, size_t i, struct snapshot *ret);

/* A snapshot that was just taken becomes the last entry. 0 or -errno: it is not kept. */
int moments__add(struct moments *moments, const struct snapshot *snapshot);

/* How much of what is added may be kept, in encoded bytes; 64 MiB unless somebody says. */
void moments__keep_at_most(struct moments *moments, size_t bytes);
/* How many of what was added had to go so far; those behind them have other numbers since. */
__u64 moments__forgotten(const struct moments *moments);
/* The number now of what was the i-th as that many had gone; of one that is gone: of what is next to it. */
size_t moments__now_at(const struct moments *moments, size_t i, __u64 forgotten_then);

/* All arrays gone: what remains is the host's and the clocks'. */
void snapshot_head_only(struct snapshot *snapshot);
/*
 * One life of vigie on one boot, and none between them that was lost: then, and only then, what the second says of
 * its interval is since the first. time_ns 0: there is none before.
 */
bool snapshot_follows(const struct snapshot *before, const struct snapshot *now);

#endif
