/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * queue.h - batches of one destination in order, and what happens where there are too many.
 *
 * Owns: the order (the oldest is sent first), the bound on memory, which one is given up, and why
 * ones were: counted by cause. PURE: a file is a flag here. Not here: files (spool.h), attempts
 * (destination.h).
 */
#ifndef VIGIE_PUSH_QUEUE_H
#define VIGIE_PUSH_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <vigie/abi.h>

enum push_kind { PUSH_METRICS, PUSH_LOGS, PUSH_KINDS };

/* Why points were not delivered: values of the label `reason`. */
#define PUSH_DROP_TABLE(X)                                                         \
	X(PUSH_DROP_QUEUE, "queue_full") /* memory, and no spool for it */         \
	X(PUSH_DROP_SPOOL, "spool_full") /* the bound of the disk */               \
	X(PUSH_DROP_EXPIRED, "expired") /* 15 minutes in memory */                 \
	X(PUSH_DROP_REJECTED, "rejected") /* an answer that forbids a retry */     \
	X(PUSH_DROP_PARTIAL, "partially_rejected") /* of a batch that was taken */ \
	X(PUSH_DROP_DAMAGED, "spool_unreadable")                                   \
	X(PUSH_DROP_MEMORY, "no_memory")                                           \
	X(PUSH_DROP_STOPPED, "stopped") /* without a spool, at the end */
#define PUSH_DROP_ID(id, name) id,
enum push_drop { PUSH_DROP_TABLE(PUSH_DROP_ID) PUSH_DROPS };
#undef PUSH_DROP_ID

const char *push_drop_name(enum push_drop why);

struct push_batch {
	struct push_batch *next;
	__u64 seq; /* the order of being made, across restarts too; the name of the file */
	__u64 born_ns; /* by the clock that does not jump; of one from the disk: when it was found */
	__u64 wall_ns; /* Unix time, when it was made */
	enum push_kind kind;
	unsigned int points;
	bool spooled; /* there is a file */
	bool sending; /* somebody has its bytes: it is not given up */
	unsigned char *data; /* NULL: only on the disk */
	size_t len;
};

struct push_queue {
	struct push_batch *first, *last;
	size_t n;
	size_t bytes, max; /* in memory; what is only on the disk counts nothing */
};

/* Takes a copy of batch, with its data[len] or, spooled, without. NULL: no memory. */
struct push_batch *push_queue_add(struct push_queue *queue, const struct push_batch *batch);
/* The oldest that is not being sent, and of spooled ones only, or of those in memory only; NULL. */
struct push_batch *push_queue_oldest(struct push_queue *queue, bool spooled);
/* Bytes for one that has none: takes data. */
void push_queue_load(struct push_queue *queue, struct push_batch *batch, unsigned char *data);
/* Only the file stays. */
void push_queue_unload(struct push_queue *queue, struct push_batch *batch);
void push_queue_remove(struct push_queue *queue, struct push_batch *batch);
void push_queue_done(struct push_queue *queue);

#endif
