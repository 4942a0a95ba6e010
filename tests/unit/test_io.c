// SPDX-License-Identifier: GPL-2.0-only
/* test_io.c - directories: links, errors that pass through, and whose descriptor is closed. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/io.h"

static char base[] = "/tmp/vigie-io-XXXXXX";
static int base_fd;

static int make(void **state)
{
	if (!mkdtemp(base))
		return -1;
	base_fd = io_open_dir(base);
	return base_fd < 0 || mkdirat(base_fd, "sub", 0755) || symlinkat("sub", base_fd, "link") ||
	       mknodat(base_fd, "file", S_IFREG | 0644, 0);
}

static int clean(void **state)
{
	unlinkat(base_fd, "file", 0);
	unlinkat(base_fd, "link", 0);
	unlinkat(base_fd, "sub", AT_REMOVEDIR);
	close(base_fd);
	return rmdir(base);
}

static void only_a_persons_path_may_be_a_link(void **state)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/link", base);
	fd = io_open_dir(path);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	assert_int_equal(io_open_subdir(base_fd, "link"), -ENOTDIR);
	assert_int_equal(io_open_subdir(base_fd, "none"), -ENOENT);
	assert_int_equal(io_open_subdir(base_fd, "file"), -ENOTDIR);
	fd = io_open_subdir(base_fd, "sub");
	assert_true(fd >= 0);
	close(fd);
}

static unsigned int count(int fd)
{
	unsigned int n = 0;
	DIR *dir;

	assert_int_equal(io_list_dir(fd, &dir), 0);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void names_are_listed_each_time_anew(void **state)
{
	assert_int_equal(count(io_reopen_dir(base_fd)), 5); /* with . and .. */
	assert_int_equal(count(io_reopen_dir(base_fd)), 5);
	assert_int_equal(io_reopen_dir(-1), -EBADF);
}

static void who_cannot_list_closes(void **state)
{
	int fd = openat(base_fd, "file", O_RDONLY | O_CLOEXEC);
	DIR *dir = NULL;

	assert_int_equal(io_list_dir(fd, &dir), -ENOTDIR);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(io_list_dir(-EMFILE, &dir), -EMFILE);
	assert_null(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_persons_path_may_be_a_link),
		cmocka_unit_test(names_are_listed_each_time_anew),
		cmocka_unit_test(who_cannot_list_closes),
	};

	return cmocka_run_group_tests_name("io", tests, make, clean);
}
