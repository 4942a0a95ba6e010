// SPDX-License-Identifier: GPL-2.0-only
/* test_memfd.c - a sealed memfd is taken, and no other descriptor is. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/memfd.h"

enum { MAX = 4096 };

static const char bytes[] = "what a session saw";

static void its_bytes_arrive_and_stay(void **state)
{
	int fd = memfd_sealed("test", bytes, sizeof(bytes));
	char got[sizeof(bytes)];
	size_t size = 0;

	assert_true(fd >= 0);
	assert_int_equal(memfd_check(fd, MAX, &size), 0);
	assert_int_equal(size, sizeof(bytes));
	assert_int_equal(pread(fd, got, size, 0), sizeof(got));
	assert_memory_equal(got, bytes, sizeof(bytes));
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(ftruncate(fd, MAX), -1);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, 0), -1);
	close(fd);
}

static void no_larger_than_allowed(void **state)
{
	int fd = memfd_sealed("test", bytes, sizeof(bytes));
	size_t size = 4711;

	assert_int_equal(memfd_check(fd, sizeof(bytes), &size), 0);
	size = 4711;
	assert_int_equal(memfd_check(fd, sizeof(bytes) - 1, &size), -EFBIG);
	assert_int_equal(size, 4711);
	close(fd);
}

/* Takes the descriptor. */
static void assert_refused(int fd)
{
	size_t size = 4711;

	assert_true(fd >= 0);
	assert_int_equal(memfd_check(fd, MAX, &size), -EINVAL);
	assert_int_equal(size, 4711);
	close(fd);
}

/* None of these knows seals at all: the kernel answers -1. */
static void what_is_no_memfd(void **state)
{
	char path[] =
		"/var/tmp/vigie-memfd-XXXXXX"; /* /tmp may be a tmpfs, whose files have seals */
	int file = mkstemp(path), pair[2];

	assert_int_equal(write(file, bytes, sizeof(bytes)), sizeof(bytes));
	assert_int_equal(unlink(path), 0);
	assert_refused(file);
	assert_refused(open("/proc/self/status", O_RDONLY | O_CLOEXEC));
	assert_refused(open("/dev/null", O_RDWR | O_CLOEXEC));
	assert_refused(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	assert_refused(open("/", O_PATH | O_CLOEXEC));
	assert_int_equal(pipe(pair), 0);
	assert_refused(pair[0]);
	assert_refused(pair[1]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_refused(pair[0]);
	assert_refused(pair[1]);
	assert_int_equal(memfd_check(-1, MAX, &(size_t){ 0 }), -EINVAL);
}

static int memfd_with(int seals)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void what_somebody_may_still_change(void **state)
{
	int open_to_all = memfd_create("test", MFD_CLOEXEC);

	assert_refused(open_to_all);
	assert_refused(memfd_with(0));
	assert_refused(memfd_with(F_SEAL_SEAL));
	assert_refused(memfd_with(F_SEAL_SHRINK));
	assert_refused(memfd_with(F_SEAL_WRITE));
	assert_refused(memfd_with(F_SEAL_GROW | F_SEAL_SHRINK));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_bytes_arrive_and_stay),
		cmocka_unit_test(no_larger_than_allowed),
		cmocka_unit_test(what_is_no_memfd),
		cmocka_unit_test(what_somebody_may_still_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
