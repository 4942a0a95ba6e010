/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * spool.h - batches of one destination as files, so that they outlive this process.
 *
 *	SPOOL/DESTINATION/0000000000000001.batch
 *
 * Owns: the files' form and names, the bound on what they take, and refusing what is damaged or of
 * another format whole. A batch is there wholly or not at all for whoever comes after a crash of
 * this process; after a loss of power the last ones may be refused, since no write is waited for.
 * Not here: which batch is kept (queue.h).
 */
#ifndef VIGIE_PUSH_SPOOL_H
#define VIGIE_PUSH_SPOOL_H

#include "base/buf.h"
#include "push/queue.h"

struct spool {
	int dir; /* -1: there is none, and all that follows fails with -ENOENT */
	__u32 format; /* of the bytes: what was encoded for another is refused */
	__u64 max, used; /* bytes on the disk, a whole block for the least of files */
	__u64 refused; /* files that were damaged, foreign, or could not be read */
};

/* Below root, a directory that is ours; makes it. 0 or -errno, and then there is none. */
int spool_open(struct spool *spool, int root, const char *name, __u32 format, __u64 max);
void spool_done(struct spool *spool);

/*
 * Looks through what is there: each good one, the oldest first, as a batch without its bytes; takes
 * the batch, or returns -errno, which ends it. Bad ones are removed and counted. Files of other
 * names stay. 0 or -errno.
 */
typedef int (*spool_found_fn)(void *ctx, const struct push_batch *batch);
int spool_scan(struct spool *spool, spool_found_fn fn, void *ctx);

/* Under batch->seq, which nobody has. 0; -EFBIG: it would exceed the bound; -errno, of the disk. */
int spool_write(struct spool *spool, const struct push_batch *batch);
/* Its bytes, appended. 0; -EBADMSG: it is damaged; -errno. The caller removes it then. */
int spool_read(struct spool *spool, const struct push_batch *batch, struct buf *out);
/* Also where the file is gone already. */
void spool_remove(struct spool *spool, const struct push_batch *batch);

/*
 * Up to which line the findings' log was queued, beside the destinations' directories. What cannot be
 * written is so the next time. root -1: there is no spool. 0 or -errno.
 */
int spool_read_position(int root, __u64 *ret);
int spool_write_position(int root, __u64 position);

#endif
