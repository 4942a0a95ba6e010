// SPDX-License-Identifier: GPL-2.0-only
/* test_fd_pass.c - one descriptor arrives; of more, none stays open. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "sandbox/fd_pass.h"

enum { MOST = 253 }; /* SCM_MAX_FD */

static int pair[2];

static int make_pair(void **state)
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
}

static int close_pair(void **state)
{
	close(pair[0]);
	close(pair[1]);
	return 0;
}

static unsigned int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* As somebody does who has got hold of the other end: n times the same descriptor. */
static void send_many(const char *text, size_t len, int fd, size_t n)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(MOST * sizeof(int))];
	} control = { .room = "" };
	struct iovec part = { .iov_base = (char *)text, .iov_len = len };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control.room,
				  .msg_controllen = CMSG_SPACE(n * sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);
	size_t i;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	for (i = 0; i < n; i++)
		memcpy(CMSG_DATA(c) + i * sizeof(int), &fd, sizeof(fd));
	assert_int_equal(sendmsg(pair[0], &message, 0), len);
}

static ssize_t receive(char *text, size_t size, int *ret_fd)
{
	const struct iovec part = { .iov_base = text, .iov_len = size };

	*ret_fd = 4711;
	return fd_pass_receive(pair[1], &part, 1, MSG_DONTWAIT, ret_fd);
}

static void send_one(const char *text, int fd)
{
	const struct iovec parts[] = { { (char *)text, 1 },
				       { (char *)text + 1, strlen(text) - 1 } };

	assert_int_equal(fd_pass_send(pair[0], parts, 2, fd, 0), 0);
}

static void one_or_none_arrives(void **state)
{
	int ends[2], fd;
	char text[16];

	assert_int_equal(pipe(ends), 0);
	send_one("hello", -1);
	assert_int_equal(receive(text, sizeof(text), &fd), 5);
	assert_memory_equal(text, "hello", 5);
	assert_int_equal(fd, -1);
	send_one("with one", ends[1]);
	assert_int_equal(receive(text, sizeof(text), &fd), 8);
	assert_true(fd > ends[1]);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(fd, "x", 1), 1); /* it is the very one */
	assert_int_equal(read(ends[0], text, sizeof(text)), 1);
	close(fd);
	close(ends[0]);
	close(ends[1]);
}

static void of_more_none_stays(void **state)
{
	static const size_t many[] = { 2, 3, 4, MOST };
	unsigned int before = open_descriptors();
	char text[16];
	size_t i;
	int fd;

	for (i = 0; i < sizeof(many) / sizeof(*many); i++) {
		send_many("x", 1, pair[0], many[i]);
		assert_int_equal(receive(text, sizeof(text), &fd), -EBADMSG);
		assert_int_equal(fd, -1);
		assert_int_equal(open_descriptors(), before);
	}
	/* And the next one is as good as ever. */
	send_one("hello", -1);
	assert_int_equal(receive(text, sizeof(text), &fd), 5);
}

/* recvmsg() says 0, as if the other end had gone. */
static void an_empty_packet_leaves_none(void **state)
{
	unsigned int before = open_descriptors();
	char text[16];
	int fd;

	send_many("", 0, pair[0], 1);
	assert_int_equal(receive(text, sizeof(text), &fd), 0);
	assert_int_equal(fd, -1);
	assert_int_equal(open_descriptors(), before);
}

static void a_packet_too_large_leaves_none(void **state)
{
	unsigned int before = open_descriptors();
	char text[4];
	int fd;

	send_many("longer than that", 16, pair[0], 1);
	assert_int_equal(receive(text, sizeof(text), &fd), -EBADMSG);
	assert_int_equal(fd, -1);
	assert_int_equal(open_descriptors(), before);
}

static void without_room_for_it_the_packet_is_whole(void **state)
{
	struct rlimit before, none;
	char text[16];
	int fd, lowest = dup(0);
	ssize_t n;

	close(lowest);
	send_one("hello", pair[0]);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = lowest;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	n = receive(text, sizeof(text), &fd);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(n, 5);
	assert_int_equal(fd, -1);
}

static void the_end_and_nothing_there(void **state)
{
	char text[16];
	int fd;

	assert_int_equal(receive(text, sizeof(text), &fd), -EAGAIN);
	assert_int_equal(fd, -1);
	assert_int_equal(shutdown(pair[0], SHUT_RDWR), 0);
	assert_int_equal(receive(text, sizeof(text), &fd), 0);
	assert_int_equal(fd_pass_send(pair[0], &(struct iovec){ text, 1 }, 1, -1, 0), -EPIPE);
}

#define WITH_PAIR(test) cmocka_unit_test_setup_teardown(test, make_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PAIR(one_or_none_arrives),
		WITH_PAIR(of_more_none_stays),
		WITH_PAIR(an_empty_packet_leaves_none),
		WITH_PAIR(a_packet_too_large_leaves_none),
		WITH_PAIR(without_room_for_it_the_packet_is_whole),
		WITH_PAIR(the_end_and_nothing_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
