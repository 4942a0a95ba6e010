// SPDX-License-Identifier: GPL-2.0-only
/* destination.c - owns what happens to a batch between being made and being gone. */
#include "push/destination.h"

#include <errno.h>
#include <stdlib.h>

const char *push_retry_name(enum push_retry why)
{
#define PUSH_RETRY_NAME(id, name) name,
	static const char *const names[] = { PUSH_RETRY_TABLE(PUSH_RETRY_NAME) };

	return names[why];
}

/* Its file as well. */
static void forget(struct destination *d, struct push_batch *batch)
{
	if (batch->spooled)
		spool_remove(&d->spool, batch);
	push_queue_remove(&d->queue, batch);
}

static void count_drop(struct destination *d, unsigned int points, enum push_drop why)
{
	d->dropped[why] += points;
	d->dropped_batches[why]++;
}

static void drop(struct destination *d, struct push_batch *batch, enum push_drop why)
{
	count_drop(d, batch->points, why);
	forget(d, batch);
}

/* To the disk, in place of the oldest there if need be. False: it stays in memory only. */
static bool spill(struct destination *d, struct push_batch *batch)
{
	struct push_batch *oldest;
	int err;

	if (d->spool.dir < 0)
		return false;
	while ((err = spool_write(&d->spool, batch)) == -EFBIG) {
		oldest = push_queue_oldest(&d->queue, true);
		if (!oldest)
			return false;
		drop(d, oldest, PUSH_DROP_SPOOL);
	}
	if (err) {
		d->spool_errors++;
		d->spool_err = err;
		return false;
	}
	batch->spooled = true;
	if (!batch->sending)
		push_queue_unload(&d->queue, batch);
	return true;
}

/* All that is not there yet, the oldest first. A disk that fails once is not asked again for each. */
static void spill_all(struct destination *d)
{
	struct push_batch *batch, *next;

	if (d->spool.dir < 0)
		return;
	for (batch = d->queue.first; batch; batch = next) {
		next = batch->next;
		if (!batch->spooled && !spill(d, batch))
			return;
		if (batch->spooled && !batch->sending)
			push_queue_unload(&d->queue, batch);
	}
}

static int found(void *ctx, const struct push_batch *batch)
{
	struct destination *d = ctx;

	if (!push_queue_add(&d->queue, batch))
		return -ENOMEM;
	if (batch->seq >= d->next_seq)
		d->next_seq = batch->seq + 1;
	return 0;
}

int destination_init(struct destination *d, const struct spool *spool, size_t queue_max,
		     __u64 now_ns)
{
	struct push_batch *batch;
	int err = 0;

	*d = (struct destination){ .spool = *spool, .next_seq = 1 };
	d->queue.max = queue_max;
	if (spool->dir >= 0)
		err = spool_scan(&d->spool, found, d);
	for (batch = d->queue.first; batch; batch = batch->next)
		batch->born_ns = now_ns;
	return err;
}

void destination_done(struct destination *d)
{
	push_queue_done(&d->queue);
	spool_done(&d->spool);
}

/* Room for so many bytes in memory. False: all that is there is on its way. */
static bool make_room(struct destination *d, size_t len)
{
	struct push_batch *oldest;

	while (len > d->queue.max || d->queue.bytes > d->queue.max - len) {
		oldest = push_queue_oldest(&d->queue, false);
		if (!oldest || len > d->queue.max)
			return false;
		if (!spill(d, oldest))
			drop(d, oldest, PUSH_DROP_QUEUE);
	}
	return true;
}

void destination_put(struct destination *d, const struct push_batch *batch, __u64 now_ns)
{
	struct push_batch new = *batch, *added;

	new.seq = d->next_seq++;
	new.born_ns = now_ns;
	new.spooled = false;
	if (!make_room(d, new.len)) {
		count_drop(d, new.points, PUSH_DROP_QUEUE);
		return;
	}
	added = push_queue_add(&d->queue, &new);
	if (!added)
		count_drop(d, new.points, PUSH_DROP_MEMORY);
	else if (d->failed)
		spill(d, added);
}

/* Its bytes, from the disk if need be. 0 or -errno. */
static int load(struct destination *d, struct push_batch *batch)
{
	struct buf bytes;
	int err;

	if (batch->data)
		return 0;
	buf_init(&bytes, batch->len);
	err = spool_read(&d->spool, batch, &bytes);
	if (!err && bytes.len != batch->len)
		err = -EBADMSG;
	if (err) {
		buf_done(&bytes);
		return err;
	}
	push_queue_load(&d->queue, batch, (unsigned char *)bytes.data);
	return 0;
}

const struct push_batch *destination_next(struct destination *d, __u64 now_ns, __u64 *ret_wake_ns)
{
	struct push_batch *batch;
	int err;

	*ret_wake_ns = UINT64_MAX;
	if (d->sending)
		return NULL;
	while ((batch = d->queue.first)) {
		if (!batch->spooled && now_ns - batch->born_ns > PUSH_EXPIRES_NS) {
			drop(d, batch, PUSH_DROP_EXPIRED);
			continue;
		}
		if (now_ns < d->not_before_ns) {
			*ret_wake_ns = d->not_before_ns;
			return NULL;
		}
		err = load(d, batch);
		if (!err)
			break;
		if (err == -ENOMEM) { /* the disk still has it */
			*ret_wake_ns = d->not_before_ns = now_ns + PUSH_BACKOFF_FIRST_NS;
			return NULL;
		}
		drop(d, batch, PUSH_DROP_DAMAGED);
	}
	if (batch)
		batch->sending = true;
	d->sending = batch;
	return batch;
}

static void put_off(struct destination *d, const struct push_answer *answer, __u64 now_ns,
		    __u64 wall_ns, __u32 chance)
{
	__u64 wait, asked;

	d->retries[!answer->status	   ? answer->failure
		   : answer->status == 429 ? PUSH_RETRY_THROTTLED
					   : PUSH_RETRY_UNAVAILABLE]++;
	d->failed++;
	wait = push_backoff_ns(d->failed, chance);
	/* What a server asks for counts, but for "at once", over and over. */
	if (answer->retry_after && !push_retry_after_ns(answer->retry_after, wall_ns, &asked))
		wait = asked > PUSH_BACKOFF_FIRST_NS ? asked : push_backoff_ns(1, chance);
	d->not_before_ns = now_ns + wait;
	spill_all(d);
}

enum push_verdict destination_answered(struct destination *d, const struct push_answer *answer,
				       __u64 now_ns, __u64 wall_ns, __u32 chance)
{
	enum push_verdict verdict = push_verdict(answer->status);
	struct push_batch *batch = d->sending;
	__u64 rejected;

	d->sending = NULL;
	batch->sending = false;
	if (verdict == PUSH_RETRY) {
		put_off(d, answer, now_ns, wall_ns, chance);
		return verdict;
	}
	d->failed = 0;
	d->not_before_ns = 0;
	if (verdict == PUSH_POISON) {
		drop(d, batch, PUSH_DROP_REJECTED);
		return verdict;
	}
	rejected = answer->rejected < batch->points ? answer->rejected : batch->points;
	if (rejected)
		count_drop(d, rejected, PUSH_DROP_PARTIAL);
	d->batches++;
	d->points += batch->points - rejected;
	d->last_success_wall_ns = wall_ns;
	forget(d, batch);
	return verdict;
}

void destination_stop(struct destination *d)
{
	struct push_batch *batch, *next;

	if (d->sending)
		d->sending->sending = false;
	d->sending = NULL;
	spill_all(d);
	for (batch = d->queue.first; batch; batch = next) {
		next = batch->next;
		if (!batch->spooled)
			drop(d, batch, PUSH_DROP_STOPPED);
	}
}
