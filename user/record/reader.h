/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reader.h - the entries of a history, in order, also from damaged files.
 *
 * Owns: finding entries in segments, and counting what is skipped, by cause. A length is used
 * only within the file, and where checksums agree. Not here: what is in an entry
 * (codec.h).
 */
#ifndef VIGIE_RECORD_READER_H
#define VIGIE_RECORD_READER_H

#include "base/buf.h"
#include "record/segment.h"

struct reader;

/* Why something was skipped. */
enum reader_skip {
	READER_SKIP_SEGMENT, /* no segment's header, or a damaged one: the file */
	READER_SKIP_VERSION, /* of a version that we do not know: the file */
	READER_SKIP_DAMAGED, /* bytes that are no entry: up to the next one */
	READER_SKIP_CHECKSUM, /* an entry whose bytes changed */
	READER_SKIP_TORN, /* an entry that the file's end cuts */
	READER_SKIPS,
};
extern const char *const reader_skip_names[READER_SKIPS];

struct reader_stat {
	__u64 entries; /* that were handed out */
	__u64 skipped[READER_SKIPS];
};

/* Where an entry is: to come back to it. */
struct reader_place {
	size_t segment; /* in the order of sequence numbers */
	__u64 at;
};

/* Takes over dirfd, also when it fails. 0; -ENOENT: no segment is there; or -errno. */
int reader__open(int dirfd, struct reader **ret);
void reader__free(struct reader *reader); /* accepts NULL */

/*
 * The next entry; data has its bytes, inflated, if it is not NULL. 1; 0: the end; or -errno of
 * reading a file. *ret_place (may be NULL) is where it stands.
 */
int reader__next(struct reader *reader, struct entry_head *ret, struct buf *data,
		 struct reader_place *ret_place);
/*
 * Segments that were begun meanwhile come behind those that are known, whose places stay what they are. 0 or
 * -errno: nothing has changed.
 */
int reader__look_again(struct reader *reader);
/* Go on at this place. */
void reader__seek(struct reader *reader, const struct reader_place *place);
/*
 * Go on at the beginning of the last segment that was begun by then: what is older need not be
 * read. A clock that was set back may make it an earlier one than need be.
 */
void reader__seek_wall(struct reader *reader, __u64 wall_ns);
/* True if something was skipped since the last call: the next delta has lost its base. */
bool reader__broke(struct reader *reader);
const struct reader_stat *reader__stat(const struct reader *reader);

#endif
