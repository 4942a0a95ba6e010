/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * token_bucket.h - so many at once, and one more after each interval.
 *
 * As golang.org/x/time/rate has it, which exporter-toolkit uses: it begins full, fractions of a
 * token accrue, a refused request costs nothing. Time is whatever the caller counts in.
 */
#ifndef VIGIE_BASE_TOKEN_BUCKET_H
#define VIGIE_BASE_TOKEN_BUCKET_H

#include <linux/types.h>
#include <stdbool.h>

struct token_bucket {
	__u64 interval; /* for one token; 0: no limit */
	__u64 burst; /* tokens that it holds; interval * burst fits in 64 bits */
	__u64 credit; /* in time: interval is one token */
	__u64 since;
};

static inline void token_bucket_init(struct token_bucket *b, __u64 interval, __u64 burst, __u64 now)
{
	*b = (struct token_bucket){ interval, burst, interval * burst, now };
}

/* One token; false: there is none. now may not run backwards; if it does, nothing accrues. */
static inline bool token_bucket_take(struct token_bucket *b, __u64 now)
{
	__u64 most = b->interval * b->burst, room = most - b->credit;
	__u64 gained = now > b->since ? now - b->since : 0;

	if (!b->interval)
		return true;
	b->credit += gained < room ? gained : room;
	b->since = now > b->since ? now : b->since;
	if (b->credit < b->interval)
		return false;
	b->credit -= b->interval;
	return true;
}

/* One that was taken in vain. It holds no more than its burst, so giving too much gives nothing. */
static inline void token_bucket_give_back(struct token_bucket *b)
{
	__u64 most = b->interval * b->burst;

	b->credit = most - b->credit < b->interval ? most : b->credit + b->interval;
}

/* How long until there is a token. */
static inline __u64 token_bucket_wait(const struct token_bucket *b)
{
	return b->credit < b->interval ? b->interval - b->credit : 0;
}

#endif
