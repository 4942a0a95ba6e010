/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ring.h - writing the bounded history on a disk.
 *
 * Owns: segments of one directory: appending, a clean end after every failure, bounds by age
 * and size, compression. Everything is done below a directory descriptor with plain calls, so
 * that a process confined to that directory can do it. Files that are no segments are left alone.
 * Not here: what is in an entry (codec.h), reading (reader.h).
 */
#ifndef VIGIE_RECORD_RING_H
#define VIGIE_RECORD_RING_H

#include "record/segment.h"

struct ring;

struct ring_config {
	__u64 retention_ns; /* entries older than that go */
	__u64 max_bytes; /* all segments together, at least 1 MiB */
	__u64 boot; /* a hash of the host's boot id: CLOCK_BOOTTIME compares within one boot only */
};

/* What ring__append() is given beside the bytes. */
struct ring_entry {
	__u64 time_ns, wall_ns; /* the snapshot's */
	bool key;
};

/* Why an entry was not written. */
enum ring_loss {
	RING_LOST_NO_SPACE, /* ENOSPC, EDQUOT */
	RING_LOST_READ_ONLY, /* EROFS, EACCES, EPERM */
	RING_LOST_IO, /* any other error */
	RING_LOST_TOO_BIG,
	RING_LOST_NOT_KEY, /* a delta, and what it follows is not on the disk */
	RING_LOSSES,
};

struct ring_stat {
	__u64 entries, bytes; /* written, headers included */
	__u64 raw_bytes; /* the same before they were deflated */
	__u64 disk_bytes; /* of all segments now */
	__u64 segments, segments_removed;
	__u64 lost[RING_LOSSES];
};

/*
 * Takes over the directory, dirfd included, also when it fails. What was there stays; a torn
 * entry at its end is skipped by readers, and a new segment is begun. 0 or -errno.
 */
int ring__open(int dirfd, const struct ring_config *config, struct ring **ret);
void ring__free(struct ring *ring); /* accepts NULL */

/* 0, or -errno: the entry is lost and counted, and the file ends as it did before. */
int ring__append(struct ring *ring, const struct ring_entry *entry, const void *data, size_t len);
/*
 * Other bounds from now on. What they leave no room for goes at once, a segment at a time; the one that is
 * being written ends, and goes as the next one begins if even that is too much.
 */
void ring__set_bounds(struct ring *ring, __u64 retention_ns, __u64 max_bytes);
/*
 * The next entry is to be a key: at the first segment, after a loss and after other bounds it must, at a
 * full one it may be late.
 */
bool ring__wants_key(const struct ring *ring);
/* After it, what was written survives a loss of power. 0 or -errno. */
int ring__sync(struct ring *ring);
const struct ring_stat *ring__stat(const struct ring *ring);

/* --- For incident.h, which writes the same entries elsewhere. */

/* head and the bytes to store for an entry: deflated where that is smaller; *ret_data is
 * data or belongs to the ring until the next call. */
void ring__pack(struct ring *ring, const struct ring_entry *entry, const void *data, size_t len,
		struct entry_head *ret_head, const void **ret_data);
int ring__dirfd(const struct ring *ring);

#endif
