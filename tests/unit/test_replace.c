// SPDX-License-Identifier: GPL-2.0-only
/* test_replace.c - a file appears whole or not at all, and leaves nothing else. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
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

#include "base/replace.h"

static char root[64], path[128];

static int remove_one(const char *at, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(at);
}

static int make_place(void **state)
{
	snprintf(root, sizeof(root), "/tmp/vigie-replace-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	snprintf(path, sizeof(path), "%s/s.vigie", root);
	return 0;
}

static int remove_place(void **state)
{
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static unsigned int entries(const char *directory)
{
	DIR *dir = opendir(directory);
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static void assert_file(const char *want)
{
	char text[64];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text)), strlen(want));
	assert_memory_equal(text, want, strlen(want));
	close(fd);
}

static void put(const char *text)
{
	struct replace r;

	assert_int_equal(replace_begin(&r, path, 0600), 0);
	assert_int_equal(write(r.fd, text, strlen(text)), strlen(text));
	assert_int_equal(replace_commit(&r), 0);
}

static void a_new_one_and_in_place_of_another(void **state)
{
	unsigned int open_before = entries("/proc/self/fd");
	struct stat st;

	put("first");
	assert_file("first");
	put("the second");
	assert_file("the second");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(entries(root), 1);
	assert_int_equal(entries("/proc/self/fd"), open_before);
}

static void nothing_is_there_before_and_after_an_abort(void **state)
{
	unsigned int open_before = entries("/proc/self/fd");
	struct replace r;

	assert_int_equal(replace_begin(&r, path, 0600), 0);
	assert_int_equal(write(r.fd, "half", 4), 4);
	assert_int_equal(entries(root), r.named); /* none where there are files without a name */
	replace_abort(&r);
	assert_int_equal(entries(root), 0);
	put("old");
	assert_int_equal(replace_begin(&r, path, 0600), 0);
	replace_abort(&r);
	assert_file("old");
	assert_int_equal(entries("/proc/self/fd"), open_before);
}

static void what_cannot_be_is_said_at_the_begin(void **state)
{
	unsigned int open_before = entries("/proc/self/fd");
	char name[400];
	struct replace r;

	snprintf(name, sizeof(name), "%s/none/s.vigie", root);
	assert_int_equal(replace_begin(&r, name, 0600), -ENOENT);
	snprintf(name, sizeof(name), "%s/", root);
	assert_int_equal(replace_begin(&r, name, 0600), -EISDIR);
	assert_int_equal(replace_begin(&r, "/proc/s.vigie", 0600), -ENOENT);
	snprintf(name, sizeof(name), "%s/%0300d", root, 0);
	assert_int_equal(replace_begin(&r, name, 0600), -ENAMETOOLONG);
	assert_int_equal(entries("/proc/self/fd"), open_before);
	/* As long as a name may be. */
	snprintf(path, sizeof(path), "%s/s.vigie", root);
	snprintf(name, sizeof(name), "%s/%0255d", root, 0);
	assert_int_equal(replace_begin(&r, name, 0600), 0);
	assert_int_equal(replace_commit(&r), 0);
	assert_int_equal(entries(root), 1);
}

/* A directory has taken its place meanwhile: the end fails, and leaves nothing. */
static void a_failed_end_leaves_nothing(void **state)
{
	struct replace r;

	assert_int_equal(replace_begin(&r, path, 0600), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(replace_commit(&r), -EISDIR);
	assert_int_equal(entries(root), 1);
}

/* Of a process that had our number and was killed with its work half done. */
static void what_our_number_left_behind_is_in_nobodys_way(void **state)
{
	char stale[200];
	int fd;

	snprintf(stale, sizeof(stale), "%s.%d.partial", path, getpid());
	fd = open(stale, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	put("new");
	assert_file("new");
	assert_int_equal(entries(root), 1);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(a_new_one_and_in_place_of_another),
		IN_PLACE(nothing_is_there_before_and_after_an_abort),
		IN_PLACE(what_cannot_be_is_said_at_the_begin),
		IN_PLACE(a_failed_end_leaves_nothing),
		IN_PLACE(what_our_number_left_behind_is_in_nobodys_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
