// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_live_tail.c - what a vigie that serves hands out of the last seconds: entries from a key on, the
 * snapshots that were taken, bounded in time, and nothing while nobody asks.
 */
#include "world.h"

#include "daemon/live_tail.h"
#include "record/codec.h"
#include "record/segment.h"

static struct world w;

static const struct snapshot *take(void)
{
	world_next(&w, SECOND);
	w.snapshot.stat.snapshots++;
	world_cgroup(&w, 7, "/a.service");
	world_process(&w, 1, "init", 7)->inc.user_ns = w.snapshot.stat.snapshots;
	return &w.snapshot;
}

struct answer {
	unsigned int n, keys;
	__u64 first_ns, last_ns, last_user_ns;
};

/* Decodes all of it, which fails where an entry does not follow the one before. */
static struct answer ask(struct live_tail *tail)
{
	struct decoder *decoder = decoder__new();
	struct answer answer = { 0 };
	struct entry_head head;
	struct snapshot s;
	struct buf out;
	size_t at;

	buf_init(&out, LIVE_TAIL_MAX);
	assert_int_equal(live_tail_read(tail, &w.snapshot, &out), 0);
	for (at = 0; at < out.len; at += ENTRY_HEAD + head.stored) {
		const char *data = out.data + at + ENTRY_HEAD;

		assert_int_equal(entry_head_get((unsigned char *)out.data + at, &head), 0);
		assert_int_equal(entry_crc(data, head.stored), head.crc);
		assert_int_equal(
			decoder__decode(decoder, data, head.stored, head.key, head.version, &s), 0);
		assert_int_equal(s.time_ns, head.time_ns);
		answer.first_ns = answer.n ? answer.first_ns : s.time_ns;
		answer.n++;
		answer.keys += head.key;
		answer.last_ns = s.time_ns;
		answer.last_user_ns = s.processes[0].inc.user_ns;
	}
	assert_int_equal(at, out.len);
	assert_int_equal(answer.last_ns, w.snapshot.time_ns);
	assert_int_equal(answer.last_user_ns, w.snapshot.stat.snapshots);
	buf_done(&out);
	decoder__free(decoder);
	return answer;
}

static void who_asks_gets_the_last_seconds(void **state)
{
	struct live_tail tail;
	struct answer answer;
	unsigned int i;

	(void)state;
	live_tail_init(&tail, 0);
	live_tail_add(&tail, take());
	assert_null(tail.encoder); /* nobody has asked */
	answer = ask(&tail);
	assert_int_equal(answer.n, 1);
	answer = ask(&tail); /* the same view once more */
	assert_int_equal(answer.n, 1);
	for (i = 0; i < 40; i++) {
		live_tail_add(&tail, take());
		answer = ask(&tail);
		assert_true(answer.n >= (i < 10 ? i + 1 : 10));
		assert_true(answer.n <= 20);
		assert_true(answer.keys >= 1 && answer.keys <= 2);
	}
	live_tail_done(&tail);
}

/* Who comes back within ten seconds finds what there was meanwhile. */
static void nothing_is_missed_in_between(void **state)
{
	struct live_tail tail;
	__u64 seen_ns;
	unsigned int i;

	(void)state;
	live_tail_init(&tail, 0);
	take();
	seen_ns = ask(&tail).last_ns;
	for (i = 0; i < 200; i++) {
		live_tail_add(&tail, take());
		if (i % 9)
			continue;
		assert_true(ask(&tail).first_ns <= seen_ns);
		seen_ns = w.snapshot.time_ns;
	}
	live_tail_done(&tail);
}

static void who_no_longer_asks_costs_nothing(void **state)
{
	struct live_tail tail;
	unsigned int i;

	(void)state;
	live_tail_init(&tail, 0);
	take();
	ask(&tail);
	for (i = 0; i < 62; i++)
		live_tail_add(&tail, take());
	assert_null(tail.encoder);
	assert_int_equal(tail.bytes.len, 0);
	assert_int_equal(ask(&tail).n, 1); /* begins anew */
	live_tail_done(&tail);
}

/* Where the seconds have no room the last one has: whoever asks sees now, and the buffer does not grow. */
static void a_bound_leaves_the_last_one(void **state)
{
	struct live_tail tail;
	unsigned int i;

	(void)state;
	live_tail_init(&tail, 1);
	take();
	ask(&tail);
	for (i = 0; i < 30; i++) {
		live_tail_add(&tail, take());
		assert_int_equal(ask(&tail).n, 1);
	}
	live_tail_done(&tail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_asks_gets_the_last_seconds),
		cmocka_unit_test(nothing_is_missed_in_between),
		cmocka_unit_test(who_no_longer_asks_costs_nothing),
		cmocka_unit_test(a_bound_leaves_the_last_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
