// SPDX-License-Identifier: GPL-2.0-only
/* test_helper.c - which of a session's processes hangs, and which only waits for a CPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/units.h"
#include "profile/helper.h"
#include "profile/opener_wire.h"

enum {
	EACH_MS = 20,
	BUSY_MS = 20 * EACH_MS, /* of CPU time: on a busy host it takes longer still */
	LAST_MS = 3 * EACH_MS,
	MINUTE_MS = 60000,
};

static struct helper helper;
static struct packet in;

static void busy(void *ctx, int fd)
{
	const struct symbolizer_head head = { .kind = OPENER_DONE };
	struct timespec used = { 0 };

	while (used.tv_sec * 1000 + used.tv_nsec / (long)NS_PER_MS < BUSY_MS)
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	_exit(packet_send(fd, &head, NULL, -1) != 0);
}

static void asleep(void *ctx, int fd)
{
	for (;;)
		pause();
}

static int answer_of(void (*run)(void *ctx, int fd), unsigned int last_ms)
{
	int pair[2];

	assert_int_equal(packet_pair(pair), 0);
	assert_int_equal(helper_start(&helper, pair, run, NULL), 0);
	return helper_answer_or_hang(&helper, &in, EACH_MS * NS_PER_MS,
				     clock_monotonic_ns() + last_ms * NS_PER_MS);
}

static void who_is_busy_has_more_time(void **state)
{
	assert_int_equal(answer_of(busy, MINUTE_MS), 1);
	assert_int_equal(in.head.kind, OPENER_DONE);
}

static void but_not_for_ever(void **state)
{
	assert_int_equal(answer_of(busy, LAST_MS), 0);
}

static void who_sleeps_has_none(void **state)
{
	__u64 began = clock_monotonic_ns();

	assert_int_equal(answer_of(asleep, MINUTE_MS), 0);
	assert_true(clock_monotonic_ns() - began < MINUTE_MS / 2 * NS_PER_MS);
}

static int stop(void **state)
{
	helper_stop(&helper);
	return 0;
}

static int begin(void **state)
{
	return packet_init(&in);
}

static int done(void **state)
{
	packet_done(&in);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(who_is_busy_has_more_time, stop),
		cmocka_unit_test_teardown(but_not_for_ever, stop),
		cmocka_unit_test_teardown(who_sleeps_has_none, stop),
	};

	return cmocka_run_group_tests_name("helper", tests, begin, done);
}
