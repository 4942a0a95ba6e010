/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * destination.h - the delivery of one destination: what waits, what is due, what an answer changes.
 *
 *	put -> queue in memory -> next -> (somebody sends) -> answered -> gone, or later again
 *	                  \-> spool, from the first failure on -/
 *
 * A destination that is well costs no disk. From the first failed attempt on all that waits is on
 * the disk, and stays until it is taken or the bound is reached; so what a kill -9 costs is what was
 * on its way while all was well. Without a spool it waits in memory, 15 minutes at most.
 *
 * Owns: these rules, the counts. Times and chance are values, one batch is on its way at a time.
 * Not here: sending (transport.h), when to ask (pusher.h), what a status means (retry.h).
 */
#ifndef VIGIE_PUSH_DESTINATION_H
#define VIGIE_PUSH_DESTINATION_H

#include "push/queue.h"
#include "push/retry.h"
#include "push/spool.h"

/* Why an attempt was not the last: values of the label `reason`. */
#define PUSH_RETRY_TABLE(X)                                               \
	X(PUSH_RETRY_CONNECTION, "connection") /* none, reset, no name */ \
	X(PUSH_RETRY_TLS, "tls")                                          \
	X(PUSH_RETRY_TIMEOUT, "timeout")                                  \
	X(PUSH_RETRY_THROTTLED, "throttled") /* 429 */                    \
	X(PUSH_RETRY_UNAVAILABLE, "unavailable") /* 502, 503, 504 */
#define PUSH_RETRY_ID(id, name) id,
enum push_retry { PUSH_RETRY_TABLE(PUSH_RETRY_ID) PUSH_RETRIES };
#undef PUSH_RETRY_ID

const char *push_retry_name(enum push_retry why);

/* Without a spool a batch waits no longer. */
#define PUSH_EXPIRES_NS (15 * 60000000000ULL)

struct push_answer {
	unsigned int status; /* HTTP's; 0: there was none */
	enum push_retry failure; /* with status 0: CONNECTION, TLS or TIMEOUT */
	const char *retry_after; /* as it was sent; NULL: it was not */
	__u64 rejected; /* of a batch that was taken: points that were not */
};

struct destination {
	struct push_queue queue;
	struct spool spool;
	__u64 next_seq;
	unsigned int failed; /* attempts since one that was answered for good */
	__u64 not_before_ns;
	struct push_batch *sending; /* or NULL */

	__u64 batches, points; /* that were taken */
	__u64 dropped[PUSH_DROPS]; /* points */
	__u64 dropped_batches[PUSH_DROPS];
	__u64 retries[PUSH_RETRIES];
	__u64 spool_errors; /* writes that failed: that batch waits in memory */
	int spool_err; /* of the last of them */
	__u64 last_success_wall_ns; /* 0: none yet */
};

/* spool: taken over; what is in it waits from now on. 0 or -errno; it can be done either way. */
int destination_init(struct destination *d, const struct spool *spool, size_t queue_max,
		     __u64 now_ns);
void destination_done(struct destination *d);

/* Bytes to be sent; they are copied. They may displace older ones, which are counted. */
void destination_put(struct destination *d, const struct push_batch *batch, __u64 now_ns);
/*
 * The batch whose turn it is, with its bytes, until it is answered; NULL: nothing is due, and
 * *ret_wake_ns is when something will be (UINT64_MAX: not before there is a new one).
 */
const struct push_batch *destination_next(struct destination *d, __u64 now_ns, __u64 *ret_wake_ns);
/* Of the batch that destination_next() gave. What it came to. */
enum push_verdict destination_answered(struct destination *d, const struct push_answer *answer,
				       __u64 now_ns, __u64 wall_ns, __u32 chance);
/* The end: what waits goes to the disk, or is counted as lost. The one on its way, too. */
void destination_stop(struct destination *d);

#endif
