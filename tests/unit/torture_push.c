// SPDX-License-Identifier: GPL-2.0-only
/*
 * torture_push.c - a destination when memory runs out: each batch is taken, waits, is on the disk or is
 * counted by cause; nothing is sent twice or in part; all goes on once there is memory again.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/torture.h"
#include "base/units.h"
#include "push/destination.h"

enum { POINTS = 10, BATCHES = 6, LEN = 5000 };

static char root_path[64];
static int root = -1;

static int begin(void **state)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(root_path, sizeof(root_path), "%s/vigie-push-XXXXXX",
		 tmp && strlen(tmp) < 32 ? tmp : "/tmp");
	if (!mkdtemp(root_path))
		return -1;
	root = open(root_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return root < 0;
}

static int end(void **state)
{
	unlinkat(root, "d", AT_REMOVEDIR);
	close(root);
	return rmdir(root_path);
}

static int start(struct destination *d)
{
	struct spool spool;

	assert_int_equal(spool_open(&spool, root, "d", 1, 1 << 20), 0);
	return destination_init(d, &spool, 2 * LEN, 0);
}

static __u64 gone(const struct destination *d)
{
	__u64 sum = d->batches;
	unsigned int i;

	for (i = 0; i < PUSH_DROPS; i++)
		sum += d->dropped_batches[i];
	return sum;
}

/* One attempt, answered so; what is sent is whole. */
static void attempt(struct destination *d, unsigned int status, __u64 now)
{
	const struct push_answer answer = { .status = status, .failure = PUSH_RETRY_TIMEOUT };
	const struct push_batch *batch;
	__u64 wake;
	size_t i;

	batch = destination_next(d, now, &wake);
	if (!batch)
		return;
	assert_int_equal(batch->len, LEN);
	for (i = 0; i < batch->len; i++)
		assert_int_equal(batch->data[i], batch->data[0]);
	destination_answered(d, &answer, now, 0, 0);
}

/* Taken and given up by one life; the rest is for the next one. */
struct life {
	__u64 gone;
	size_t waiting;
};

static struct life live(unsigned long k, enum torture_mode mode)
{
	static unsigned char bytes[LEN];
	struct push_batch batch = { .points = POINTS, .data = bytes, .len = LEN };
	struct destination d;
	struct life life;
	__u64 now = 0;
	unsigned int i;

	assert_int_equal(start(&d), 0);
	torture_arm(k, mode);
	for (i = 0; i < BATCHES; i++, now += NS_PER_S) {
		memset(bytes, 'a' + i, sizeof(bytes));
		destination_put(&d, &batch, now);
		attempt(&d, i < 3 ? 503 : 200, now += 100 * NS_PER_S);
	}
	destination_stop(&d);
	torture_disarm();
	life = (struct life){ gone(&d), d.queue.n };
	assert_int_equal(life.gone + life.waiting, BATCHES);
	destination_done(&d);
	return life;
}

/* With memory: what waited is there, whole, and is taken. */
static void check_next(const struct life *life)
{
	struct destination d;
	unsigned int i;

	assert_int_equal(start(&d), 0);
	assert_int_equal(d.queue.n, life->waiting);
	assert_int_equal(d.spool.refused, 0);
	for (i = 0; i < BATCHES; i++)
		attempt(&d, 200, 0);
	assert_int_equal(life->gone + d.batches, BATCHES);
	destination_done(&d);
	assert_int_equal(torture_live(), 0);
}

static void run_life(unsigned long k, enum torture_mode mode)
{
	const struct life life = live(k, mode);

	check_next(&life);
}

/* A start that fails leaves all where it is. */
static void run_start(unsigned long k, enum torture_mode mode)
{
	const struct life life = live(0, TORTURE_ONE);
	struct destination d;
	int err;

	assert_true(life.waiting > 0);
	torture_arm(k, mode);
	err = start(&d);
	torture_disarm();
	assert_true(err == (torture_struck() ? -ENOMEM : 0));
	destination_done(&d);
	check_next(&life);
}

static void deliveries(void **state)
{
	assert_true(torture_each(run_life) > 10);
}

static void starts(void **state)
{
	assert_true(torture_each(run_start) > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(deliveries, begin, end),
		cmocka_unit_test_setup_teardown(starts, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
