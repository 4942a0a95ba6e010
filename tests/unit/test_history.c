// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_history.c - the process that answers for the past, from its server's end: what waits, its death, and what CPU
 * time it may take.
 *
 * The process is a real one, confined as ever but for its user, over a directory that has no history.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "daemon/history.h"
#include "daemon/history_credit.h"

enum { PATIENCE_MS = 60000, ASKS_MAX = 100000 };

#if defined(__SANITIZE_ADDRESS__)
#define BOUNDED 0 /* a sanitizer needs more memory than this process may have */
#else
#define BOUNDED 1
#endif

static struct {
	char path[64];
	int fd;
	struct history *history;
} scene;

static int setup(void **state)
{
	(void)state;
	snprintf(scene.path, sizeof(scene.path), "/tmp/vigie-history.XXXXXX");
	if (!mkdtemp(scene.path))
		return -1;
	scene.fd = open(scene.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scene.history = NULL;
	return scene.fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	history__free(scene.history);
	close(scene.fd);
	return rmdir(scene.path);
}

static void start(void)
{
	const struct history_config config = {
		.state_dir = scene.fd,
		.uid = getuid(),
		.gid = getgid(),
	};
	const char *what = "";
	int err;

	if (!BOUNDED)
		skip();
	err = history__start(&config, &scene.history, &what);
	if (err)
		fail_msg("%s: %d", what, err);
}

static int ask(__u64 job)
{
	struct web_question q;
	const char *why;

	assert_int_equal(web_question_parse(WEB_INSTANT, "", &q, &why), 0);
	return history__ask(scene.history, job, false, &q);
}

static struct history_said await(void)
{
	struct pollfd readable = { .fd = history__fd(scene.history), .events = POLLIN };
	struct history_said said;

	while (!history__listen(scene.history, &said))
		assert_int_equal(poll(&readable, 1, PATIENCE_MS), 1);
	return said;
}

/* Who asks and does not listen is told so, waits for nobody, and loses nothing that was taken. */
static void more_than_it_can_take(void **state)
{
	struct history_said said;
	__u64 asked = 0, job;
	int err = 0;

	(void)state;
	start();
	while (asked < ASKS_MAX && !err)
		err = ask(++asked);
	assert_int_equal(err, -EAGAIN);
	for (job = 1; job < asked; job++) {
		said = await();
		assert_int_equal(said.job, job);
		assert_int_equal(said.status, 404);
		assert_false(said.document);
		assert_non_null(strstr(said.text->data, "no snapshot yet"));
		buf_done(said.text);
	}
	assert_int_equal(ask(7), 0);
	assert_int_equal(await().job, 7);
}

static void its_death_is_said_once(void **state)
{
	struct history_said said;
	struct self_history self;

	(void)state;
	start();
	assert_int_equal(ask(1), 0);
	assert_int_equal(await().job, 1);
	history__stat(scene.history, &self);
	assert_true(self.up && self.cpu_ns && self.resident_bytes);
	assert_int_equal(kill(history__pid(scene.history), SIGKILL), 0);
	said = await();
	assert_int_equal(said.job, 0);
	assert_int_equal(history__fd(scene.history), -1);
	assert_false(history__listen(scene.history, &said));
	assert_int_equal(ask(2), -EPIPE);
	history__stat(scene.history, &self);
	assert_true(!self.up && self.cpu_ns);
}

static void a_fifth_of_a_core_and_ten_seconds(void **state)
{
	struct history_credit c;
	__u64 now = 1000 * NS_PER_S, cpu = 5 * NS_PER_S;

	(void)state;
	history_credit_init(&c, now, cpu);
	history_credit_account(&c, now += 1000 * NS_PER_S, cpu); /* no more is saved up */
	history_credit_account(&c, now, cpu += 10 * NS_PER_S);
	assert_false(history_credit_is_spent(&c));
	history_credit_account(&c, now,
			       cpu += 4 * NS_PER_S); /* one that took longer than was left */
	assert_true(history_credit_is_spent(&c));
	history_credit_account(&c, now += 20 * NS_PER_S - 5, cpu);
	assert_true(history_credit_is_spent(&c));
	history_credit_account(&c, now += 5, cpu);
	assert_false(history_credit_is_spent(&c));
	history_credit_account(&c, now += 5 * NS_PER_S, cpu += NS_PER_S + 1);
	assert_true(history_credit_is_spent(&c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(more_than_it_can_take, setup, teardown),
		cmocka_unit_test_setup_teardown(its_death_is_said_once, setup, teardown),
		cmocka_unit_test(a_fifth_of_a_core_and_ten_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
