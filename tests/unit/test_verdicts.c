// SPDX-License-Identifier: GPL-2.0-only
/* test_verdicts.c - daemon/verdicts: whole lines or none, read once, whatever else is in the file. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/state_dir.h"
#include "daemon/verdicts.h"

static char place[64];
static int dirfd_;

static int make_place(void **state)
{
	snprintf(place, sizeof(place), "/tmp/vigie-verdicts-XXXXXX");
	if (!mkdtemp(place))
		return -1;
	dirfd_ = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dirfd_ < 0 ? -1 : 0;
}

static int remove_place(void **state)
{
	unlinkat(dirfd_, STATE_DIR_VERDICTS, 0);
	close(dirfd_);
	return rmdir(place);
}

static void append(const char *text, size_t len)
{
	int fd = openat(dirfd_, STATE_DIR_VERDICTS, O_WRONLY | O_APPEND | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
}

static struct verdict made(const char *id, enum verdict_kind kind, const char *note)
{
	struct verdict v = { .kind = kind, .wall_ns = 1795622580000000000 };

	snprintf(v.finding, sizeof(v.finding), "%s", id);
	snprintf(v.pattern, sizeof(v.pattern), "0123456789ab");
	snprintf(v.note, sizeof(v.note), "%s", note);
	snprintf(v.by, sizeof(v.by), "anna");
	return v;
}

struct taken {
	struct verdict all[8];
	int n;
};

static void take(void *ctx, const struct verdict *verdict)
{
	struct taken *taken = ctx;

	assert_true(taken->n < 8);
	taken->all[taken->n++] = *verdict;
}

static void there_and_back(void **state)
{
	const struct verdict benign = made("aaaaaaaaaaaa", VERDICT_BENIGN,
					   "a nightly job, as planned");
	const struct verdict revoked = made("bbbbbbbbbbbb", VERDICT_REVOKED, "");
	struct taken taken = { .n = 0 };
	struct verdicts verdicts;
	struct stat st;

	verdicts_init(&verdicts, dirfd_);
	assert_int_equal(verdicts_read(&verdicts, take, &taken), 0); /* there is no file yet */
	assert_int_equal(verdict_append(dirfd_, &benign), 0);
	assert_int_equal(fstatat(dirfd_, STATE_DIR_VERDICTS, &st, 0), 0);
	assert_int_equal(st.st_mode & 0777 & ~0640, 0);
	assert_int_equal(verdicts_read(&verdicts, take, &taken), 0);
	assert_int_equal(taken.n, 1);
	assert_memory_equal(&taken.all[0], &benign, sizeof(benign));
	assert_int_equal(verdicts_read(&verdicts, take, &taken), 0);
	assert_int_equal(taken.n, 1); /* once */
	assert_int_equal(verdict_append(dirfd_, &revoked), 0);
	assert_int_equal(verdicts_read(&verdicts, take, &taken), 0);
	assert_int_equal(taken.n, 2);
	assert_memory_equal(&taken.all[1], &revoked, sizeof(revoked));
	assert_int_equal(verdicts.bad, 0);
}

#define GOOD "1 aaaaaaaaaaaa 0123456789ab benign anna"

/* What is being appended is not a line yet. */
static void half_a_line_waits(void **state)
{
	struct taken taken = { .n = 0 };
	struct verdicts verdicts;

	verdicts_init(&verdicts, dirfd_);
	append(GOOD, strlen(GOOD) - 3);
	assert_int_equal(verdicts_read(&verdicts, take, &taken), 0);
	assert_int_equal(taken.n, 0);
	append("nna\n", 4);
	assert_int_equal(verdicts_read(&verdicts, take, &taken), 0);
	assert_int_equal(taken.n, 1);
	assert_string_equal(taken.all[0].by, "anna");
	assert_int_equal(verdicts.bad, 0);
}

static void what_is_none_is_counted(void **state)
{
	static const char *const bad[] = {
		"",
		"x",
		"1 aaaaaaaaaaaa 0123456789ab benign",
		"1 aaaaaaaaaaaa 0123456789ab good anna",
		"1 aaaaaaaaaaa 0123456789ab benign anna",
		"1 aaaaaaaaaaaaa 0123456789ab benign anna",
		"1 aaaaaaaaaaaA 0123456789ab benign anna",
		"1 aaaaaaaaaaaa ../../../../ benign anna",
		"-1 aaaaaaaaaaaa 0123456789ab benign anna",
		"99999999999999999999 aaaaaaaaaaaa 0123456789ab benign anna",
		"1  aaaaaaaaaaaa 0123456789ab benign anna",
	};
	struct verdict v, before = made("cccccccccccc", VERDICT_MALICIOUS, "kept");
	struct taken taken = { .n = 0 };
	struct verdicts verdicts;
	size_t i, n = sizeof(bad) / sizeof(bad[0]);

	for (i = 0; i < n; i++) {
		v = before;
		assert_int_equal(verdict_parse(bad[i], strlen(bad[i]), &v), -EINVAL);
		assert_memory_equal(&v, &before, sizeof(v));
		append(bad[i], strlen(bad[i]));
		append("\n", 1);
	}
	append(GOOD "\n", strlen(GOOD) + 1);
	verdicts_init(&verdicts, dirfd_);
	assert_int_equal(verdicts_read(&verdicts, take, &taken), 0);
	assert_int_equal(taken.n, 1); /* what is wrong before it does not hide it */
	assert_int_equal(verdicts.bad, n);
}

static void hostile_notes(void **state)
{
	static const char line[] = GOOD " \x1b[31m\xff\0hidden";
	struct verdict v;
	char message[512];

	assert_int_equal(verdict_parse(line, sizeof(line) - 1, &v), 0);
	assert_null(strchr(v.note, 0x1b));
	assert_non_null(strstr(v.note, "\\x1b[31m\\xff"));
	verdict_message(&v, message, sizeof(message));
	assert_non_null(strstr(message, "aaaaaaaaaaaa"));
	assert_non_null(strstr(message, "benign by anna: \\x1b"));
}

static void longer_than_any_line(void **state)
{
	static char junk[(1 << 20) + 100];
	struct taken taken = { .n = 0 };
	struct verdicts verdicts;
	int i;

	memset(junk, 'x', sizeof(junk));
	append(junk, sizeof(junk));
	append("\n" GOOD "\n", strlen(GOOD) + 2);
	verdicts_init(&verdicts, dirfd_);
	for (i = 0; i < 3; i++)
		assert_int_equal(verdicts_read(&verdicts, take, &taken), 0);
	assert_int_equal(taken.n, 1);
	assert_true(verdicts.bad > 0);
}

/* Somebody emptied the file: what comes then is new. */
static void begun_anew(void **state)
{
	struct taken taken = { .n = 0 };
	struct verdicts verdicts;

	verdicts_init(&verdicts, dirfd_);
	append(GOOD "\n" GOOD "\n", 2 * strlen(GOOD) + 2);
	assert_int_equal(verdicts_read(&verdicts, take, &taken), 0);
	assert_int_equal(unlinkat(dirfd_, STATE_DIR_VERDICTS, 0), 0);
	append(GOOD "\n", strlen(GOOD) + 1);
	assert_int_equal(verdicts_read(&verdicts, take, &taken), 0);
	assert_int_equal(taken.n, 3);
}

static void no_file_of_ours(void **state)
{
	const struct verdict v = made("aaaaaaaaaaaa", VERDICT_BENIGN, "");
	struct taken taken = { .n = 0 };
	struct verdicts verdicts;

	verdicts_init(&verdicts, dirfd_);
	assert_int_equal(mkfifoat(dirfd_, STATE_DIR_VERDICTS, 0600), 0);
	assert_int_equal(verdicts_read(&verdicts, take, &taken),
			 -EINVAL); /* and it does not wait */
	assert_true(verdict_append(dirfd_, &v) < 0);
	assert_int_equal(unlinkat(dirfd_, STATE_DIR_VERDICTS, 0), 0);
	assert_int_equal(symlinkat("/etc/passwd", dirfd_, STATE_DIR_VERDICTS), 0);
	assert_int_equal(verdicts_read(&verdicts, take, &taken), -ELOOP);
	assert_int_equal(verdict_append(dirfd_, &v), -ELOOP);
	assert_int_equal(taken.n, 0);
}

/* No room for the whole line: then nothing of it stays, and the next one is whole. */
static void half_written_is_taken_back(void **state)
{
	const struct verdict v = made("aaaaaaaaaaaa", VERDICT_BENIGN, "some words");
	struct rlimit was, low;
	struct taken taken = { .n = 0 };
	struct verdicts verdicts;
	struct stat st;
	off_t whole;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(verdict_append(dirfd_, &v), 0);
	assert_int_equal(fstatat(dirfd_, STATE_DIR_VERDICTS, &st, 0), 0);
	whole = st.st_size;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	low = was;
	low.rlim_cur = whole + 10;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	assert_int_equal(verdict_append(dirfd_, &v), -ENOSPC);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(fstatat(dirfd_, STATE_DIR_VERDICTS, &st, 0), 0);
	assert_int_equal(st.st_size, whole);
	assert_int_equal(verdict_append(dirfd_, &v), 0);
	verdicts_init(&verdicts, dirfd_);
	assert_int_equal(verdicts_read(&verdicts, take, &taken), 0);
	assert_int_equal(taken.n, 2);
	assert_int_equal(verdicts.bad, 0);
}

/* It is opened when it was changed and only then: by a descriptor that is none that shows. */
static void watched_it_is_not_looked_at(void **state)
{
	enum { NOT_OPEN = 987654 };
	struct taken taken = { .n = 0 };
	struct verdict v = made("a0a0a0a0a0a0", VERDICT_BENIGN, "");
	struct verdicts verdicts;

	assert_int_equal(verdict_append(dirfd_, &v), 0);
	verdicts_init(&verdicts, dirfd_);
	verdicts_watch(&verdicts);
	assert_true(verdicts.watch >= 0);
	assert_int_equal(verdicts_read(&verdicts, take, &taken), 0);
	assert_int_equal(taken.n, 1);
	verdicts.dirfd = NOT_OPEN;
	assert_int_equal(verdicts_read(&verdicts, take, &taken), 0);
	close(openat(dirfd_, "events.ndjson", O_WRONLY | O_CREAT, 0600));
	assert_int_equal(unlinkat(dirfd_, "events.ndjson", 0), 0);
	assert_int_equal(verdicts_read(&verdicts, take, &taken), 0);
	assert_int_equal(verdict_append(dirfd_, &v), 0);
	assert_int_equal(verdicts_read(&verdicts, take, &taken), -EBADF);
	verdicts.dirfd = dirfd_;
	assert_int_equal(verdicts_read(&verdicts, take, &taken), 0);
	assert_int_equal(taken.n, 2);
	verdicts_done(&verdicts);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(there_and_back),
		IN_PLACE(half_a_line_waits),
		IN_PLACE(what_is_none_is_counted),
		cmocka_unit_test(hostile_notes),
		IN_PLACE(longer_than_any_line),
		IN_PLACE(begun_anew),
		IN_PLACE(no_file_of_ours),
		IN_PLACE(half_written_is_taken_back),
		IN_PLACE(watched_it_is_not_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
