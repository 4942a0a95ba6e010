// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_symbolizer.c - how long a symbolizer that was taken over can keep a session waiting.
 *
 * The processes and sockets are real. The reader runs evil() where it would confine itself: that is
 * what code does that a file has got hold of.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "profile/packet.h"
#include "profile/symbolizer.h"

enum {
	ANSWER_MS = 2000, /* what one question may take, as profile/symbolizer.c has it */
	SLACK_MS = 3000, /* of a busy host: the end of a process, and another one */
};

static unsigned int now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- The reader's side. */

/* Of all descriptors above the three streams it has one socket. */
static int own_socket(void)
{
	int fd, type;
	socklen_t len = sizeof(type);

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* of a test that fails */
	for (fd = STDERR_FILENO + 1; fd < 1024; fd++)
		if (!getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len))
			return fd;
	_exit(2);
}

static void say(int socket, __u32 kind, __u32 a, const void *data, __u32 len)
{
	const struct symbolizer_head head = { .kind = kind, .a = a, .len = len };

	if (packet_send(socket, &head, data, -1))
		_exit(3);
}

/* Nothing is allocated there: under a sanitizer the reader's limits leave no room. */
static __u8 heard[SYMBOLIZER_PACKET_MAX];
static struct packet in = { .fd = -1, .data = heard };

static void hear(int socket)
{
	if (packet_receive(socket, &in, true) != 1)
		_exit(4);
}

static void wait_ms(unsigned int ms)
{
	poll(NULL, 0, ms);
}

/* Shortly before it is too late it wants another debug file, and never says a name. */
static int wants_for_ever(void)
{
	int socket = own_socket();

	for (hear(socket); in.head.kind != SYMBOLIZER_NAME;)
		hear(socket);
	for (;;) {
		wait_ms(ANSWER_MS * 3 / 4);
		say(socket, SYMBOLIZER_WANTS, 1, "id\0link", 8);
		hear(socket);
	}
	return 0;
}

/* Answers all that it is asked, each time just in time. */
static int just_in_time(void)
{
	int socket = own_socket();

	for (;;) {
		hear(socket);
		if (in.head.kind != SYMBOLIZER_NAME && in.head.kind != SYMBOLIZER_IDENTIFY)
			continue;
		wait_ms(ANSWER_MS / 2);
		if (in.head.kind == SYMBOLIZER_NAME)
			say(socket, SYMBOLIZER_NAMED, in.head.a, NULL, 0);
		else
			say(socket, SYMBOLIZER_IDENTITY, in.head.a, "", 1);
	}
	return 0;
}

/* Takes no packet, but answers the stacks that it never read, one by one. */
static int drips(void)
{
	int socket = own_socket();
	__u32 number;

	for (number = 0;; number++) {
		wait_ms(ANSWER_MS / 2);
		say(socket, SYMBOLIZER_FRAMES, number, NULL, 0);
	}
	return 0;
}

static int deaf(void)
{
	own_socket();
	for (;;)
		pause();
	return 0;
}

/* --- The session's side. */

static unsigned int asked;

static void on_named(void *ctx, __u32 module, __u64 address, const struct symbolizer_line *lines,
		     __u32 n)
{
}

static int on_debug(void *ctx, __u32 module, const char *build_id, const char *link)
{
	asked++;
	return -1;
}

static const struct symbolizer_ask ask = { .named = on_named, .debug = on_debug };

static struct symbolizer *started(int (*evil)(void), unsigned int patience_ms)
{
	const struct symbolizer_config config = { .confine = evil, .patience_ms = patience_ms };
	struct symbolizer *r = NULL;

	asked = 0;
	assert_int_equal(symbolizer__start(&config, &r), 0);
	return r;
}

static void asking_again_and_again_wins_no_time(void **state)
{
	struct symbolizer *r = started(wants_for_ever, 15000);
	const __u64 address = 0x1000;
	unsigned int began = now_ms();

	assert_int_not_equal(symbolizer__name(r, 1, &address, 1, &ask), 0);
	assert_in_range(now_ms() - began, 0, ANSWER_MS + SLACK_MS);
	assert_int_equal(asked, 1);
	assert_int_equal(symbolizer__restarts(r), 1);
	symbolizer__free(r);
}

static void names_take_as_long_as_all_of_them_may(void **state)
{
	const unsigned int patience = 3000;
	struct symbolizer *r = started(just_in_time, patience);
	unsigned int began = now_ms(), i, given = 0;
	const __u64 address = 0x1000;

	for (i = 0; i < 12; i++)
		given += !symbolizer__name(r, 1, &address, 1, &ask);
	assert_in_range(now_ms() - began, patience - 1000, patience + SLACK_MS);
	assert_in_range(given, 1, 3);
	symbolizer__free(r);
}

static void so_do_identities(void **state)
{
	const unsigned int patience = 3000;
	struct symbolizer *r = started(just_in_time, patience);
	unsigned int began = now_ms(), i, what, given = 0;
	char id[SYMBOLIZER_ID_MAX];

	for (i = 0; i < 12; i++)
		given += !symbolizer__identify(r, 1, id, &what);
	assert_in_range(now_ms() - began, patience - 1000, patience + SLACK_MS);
	assert_in_range(given, 1, 3);
	symbolizer__free(r);
}

static unsigned int nframes;

static void on_frames(void *ctx, __u32 number, const struct symbolizer_frame *frames, __u32 n,
		      __u32 incomplete)
{
	nframes++;
}

/* As long as there is room each comes back at once; then it waits as long as for one question. */
static void room_for_a_stack_takes_as_long_as_one_question(void **state)
{
	static struct {
		struct vigie_stack head;
		__u8 user[VIGIE_STACK_BYTES];
	} stack;
	struct symbolizer *r = started(drips, 15000);
	unsigned int began = now_ms(), longest = 0, took, i;

	nframes = 0;
	stack.head.user_bytes = sizeof(stack.user);
	for (i = 0; !symbolizer__restarts(r) && i < 200; i++) {
		began = now_ms();
		symbolizer__stack(r, 0, i, &stack.head, stack.user, on_frames, NULL);
		took = now_ms() - began;
		longest = took > longest ? took : longest;
	}
	assert_int_equal(symbolizer__restarts(r), 1);
	assert_in_range(longest, ANSWER_MS / 2, ANSWER_MS + SLACK_MS);
	/* None is lost: the last one is on its way to the next reader. */
	assert_in_range(nframes, i - 1, i);
	symbolizer__free(r);
}

/* Mappings that nobody takes: each of them would cost two seconds, of every target. */
static void who_takes_nothing_is_not_told_for_ever(void **state)
{
	static struct symbolizer_map maps[SYMBOLIZER_MAPS_MAX];
	const unsigned int patience = 3000;
	struct symbolizer *r = started(deaf, patience);
	unsigned int began = now_ms(), i;

	/* A socket has room for some of them, then for none. */
	for (i = 0; i < 1000 && symbolizer__space(r, i, maps, SYMBOLIZER_MAPS_MAX) != -EPIPE; i++)
		assert_in_range(now_ms() - began, 0, patience + ANSWER_MS + SLACK_MS);
	assert_in_range(i, 1, 999);
	symbolizer__free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asking_again_and_again_wins_no_time),
		cmocka_unit_test(names_take_as_long_as_all_of_them_may),
		cmocka_unit_test(so_do_identities),
		cmocka_unit_test(room_for_a_stack_takes_as_long_as_one_question),
		cmocka_unit_test(who_takes_nothing_is_not_told_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
