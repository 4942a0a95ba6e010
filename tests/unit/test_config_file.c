// SPDX-License-Identifier: GPL-2.0-only
/* test_config_file.c - which files a configuration is read from, and which are refused and why. */
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

#include "config/file.h"

enum { BYTES_MAX = 1000 };

static char directory[] = "/tmp/vigie-unit-XXXXXX";
static char path[64], why[CONFIG_FILE_WHY_LEN];
static struct buf text;

static int in_a_directory(void **state)
{
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/vigie.yml", directory);
	buf_init(&text, BYTES_MAX);
	return 0;
}

static int directory_gone(void **state)
{
	buf_done(&text);
	return rmdir(directory);
}

static int gone(void **state)
{
	buf_clear(&text);
	return unlink(path) && errno != ENOENT;
}

static void make(const char *content, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	why[0] = '\0';
}

static int read_by(const char *name, const struct config_file_rules *rules)
{
	int fd = config_file_open(name, rules, why);
	int err = fd < 0 ? fd : config_file_read(fd, &text, why);

	if (fd >= 0)
		close(fd);
	return err;
}

static int read_file(const char *name, uid_t owner)
{
	return read_by(name, &(struct config_file_rules){ .max = BYTES_MAX, .owner = owner });
}

static void a_good_one_is_read(void **state)
{
	static const mode_t modes[] = { 0644, 0640, 0600, 0444, 0755, 0400 };
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		make("log:\n", modes[i]);
		buf_clear(&text);
		assert_int_equal(read_file(path, geteuid()), 0);
		assert_int_equal(text.len, 5);
		assert_memory_equal(text.data, "log:\n", 5);
		unlink(path);
	}
}

static void an_empty_one_is_good(void **state)
{
	make("", 0644);
	assert_int_equal(read_file(path, geteuid()), 0);
	assert_int_equal(text.len, 0);
}

static void who_else_may_write(void **state)
{
	static const mode_t modes[] = { 0664, 0646, 0666, 0777, 0620, 0602 };
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		make("log:\n", modes[i]);
		assert_int_equal(read_file(path, geteuid()), -EPERM);
		assert_non_null(strstr(why, "chmod go-w"));
		assert_non_null(strstr(why, path));
		assert_int_equal(text.len, 0);
	}
}

static void whom_it_belongs_to(void **state)
{
	uid_t us = geteuid(), other = 12345;

	make("log:\n", 0644);
	if (!us) /* root's is always good */
		assert_int_equal(chown(path, other, (gid_t)-1), 0);
	else
		other = us;
	assert_int_equal(read_file(path, other + 1), -EPERM);
	assert_non_null(strstr(why, "belongs to uid"));
	assert_non_null(strstr(why, "chown root"));
	assert_int_equal(read_file(path, other), 0);
}

/* A certificate: whoever renews it may own it, and a group may write it. */
static void what_others_keep(void **state)
{
	const struct config_file_rules rules = { .max = BYTES_MAX, .owner = 1, .anybodys = true };

	make("cert\n", 0664);
	if (!geteuid())
		assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
	assert_int_equal(read_by(path, &rules), 0);
	make("cert\n", 0666);
	assert_int_equal(read_by(path, &rules), -EPERM);
	assert_non_null(strstr(why, "chmod o-w"));
}

static void secrets(void **state)
{
	const struct config_file_rules rules = { .max = BYTES_MAX,
						 .owner = geteuid(),
						 .secret = true };

	make("token\n", 0640);
	assert_int_equal(read_by(path, &rules), 0);
	make("token\n", 0644);
	assert_int_equal(read_by(path, &rules), -EPERM);
	assert_non_null(strstr(why, "chmod o-r"));
}

/* Who was passed a descriptor reads all of it, wherever it stands. */
static void from_its_beginning(void **state)
{
	const struct config_file_rules rules = { .max = BYTES_MAX, .owner = geteuid() };
	int fd;

	make("log:\n", 0644);
	fd = config_file_open(path, &rules, why);
	assert_true(fd >= 0);
	assert_int_equal(lseek(fd, 3, SEEK_SET), 3);
	assert_int_equal(config_file_read(fd, &text, why), 0);
	close(fd);
	assert_int_equal(text.len, 5);
}

static void none(void **state)
{
	assert_int_equal(read_file(path, geteuid()), -ENOENT);
	assert_non_null(strstr(why, "-ENOENT"));
	assert_int_equal(read_file("/dev/null/x", geteuid()), -ENOTDIR);
}

static void what_is_no_regular_file(void **state)
{
	assert_int_equal(mkfifo(path, 0600), 0); /* without a writer: it must not wait */
	assert_int_equal(read_file(path, geteuid()), -EPERM);
	assert_non_null(strstr(why, "regular file"));
	assert_int_equal(read_file(directory, geteuid()), -EPERM);
	assert_int_equal(read_file("/dev/zero", geteuid()), -EPERM);
}

/* The link is nobody's matter, what it leads to is. */
static void links(void **state)
{
	char link[80];

	snprintf(link, sizeof(link), "%s/link", directory);
	make("log:\n", 0666);
	assert_int_equal(symlink("vigie.yml", link), 0);
	assert_int_equal(read_file(link, geteuid()), -EPERM);
	make("log:\n", 0644);
	assert_int_equal(read_file(link, geteuid()), 0);
	unlink(link);
}

static void sizes(void **state)
{
	char big[BYTES_MAX + 2];

	memset(big, '#', sizeof(big));
	big[BYTES_MAX] = '\0';
	make(big, 0644);
	assert_int_equal(read_file(path, geteuid()), 0);
	assert_int_equal(text.len, BYTES_MAX);
	buf_clear(&text);
	big[BYTES_MAX] = '#';
	big[BYTES_MAX + 1] = '\0';
	make(big, 0644);
	assert_int_equal(read_file(path, geteuid()), -EFBIG);
	assert_non_null(strstr(why, "1001 bytes"));
	/* A file of the kernel has no size and bytes all the same; vigie may not be told by it. */
	assert_int_equal(read_file("/proc/self/maps", geteuid()), -E2BIG);
	assert_non_null(strstr(why, "more than the 1000 bytes"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_good_one_is_read, gone),
		cmocka_unit_test_teardown(an_empty_one_is_good, gone),
		cmocka_unit_test_teardown(who_else_may_write, gone),
		cmocka_unit_test_teardown(whom_it_belongs_to, gone),
		cmocka_unit_test_teardown(what_others_keep, gone),
		cmocka_unit_test_teardown(secrets, gone),
		cmocka_unit_test_teardown(from_its_beginning, gone),
		cmocka_unit_test_teardown(none, gone),
		cmocka_unit_test_teardown(what_is_no_regular_file, gone),
		cmocka_unit_test_teardown(links, gone),
		cmocka_unit_test_teardown(sizes, gone),
	};

	return cmocka_run_group_tests_name("config file", tests, in_a_directory, directory_gone);
}
