// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_log_since.c - lines of a real log after one that is known: every place in it, across a rotation,
 * beside what is no line; and the document that is made of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "daemon/history_events.h"
#include "log/log_file.h"
#include "log/log_since.h"

enum { LINES = 3000, EVENTS_MAX = 1 << 20 };

static char path[] = "/tmp/vigie-since-XXXXXX";
static int dir;

static int begin(void **state)
{
	snprintf(path, sizeof(path), "/tmp/vigie-since-XXXXXX");
	if (!mkdtemp(path))
		return -1;
	dir = io_open_dir(path);
	return dir < 0;
}

static int end(void **state)
{
	static const char *const names[] = { LOG_FILE_NAME, LOG_FILE_NAME ".head",
					     LOG_FILE_NAME ".1", LOG_FILE_NAME ".2" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(dir, names[i], 0);
	close(dir);
	return rmdir(path);
}

/* Lines of very different lengths: up to 5000 bytes. */
static void write_lines(unsigned int from, unsigned int n, uint64_t max_bytes)
{
	const struct log_file_config config = { .max_bytes = max_bytes,
						.keep = 1,
						.backlog_bytes = 1 << 20 };
	static char filling[5001];
	struct log_file *log;
	struct buf line;
	unsigned int i;

	memset(filling, 'x', sizeof(filling) - 1);
	assert_int_equal(log_file__open(dir, LOG_FILE_NAME, &config, &log), 0);
	buf_init(&line, 8192);
	for (i = from; i < from + n; i++) {
		buf_clear(&line);
		buf_printf(&line, "{\"n\":%u,\"event\":{\"t\":\"%.*s\"", i,
			   (int)(i * 7919 % (i % 50 ? 300 : 5000)), filling);
		assert_int_equal(log_file__write(log, &line), 0);
	}
	buf_done(&line);
	log_file__free(log);
}

struct seen {
	uint64_t first, last;
	size_t n, bytes;
	bool gap;
};

static int take(void *ctx, const char *line, size_t len, uint64_t sequence)
{
	struct seen *s = ctx;
	char want[40];

	snprintf(want, sizeof(want), "{\"n\":%llu,", (unsigned long long)sequence);
	assert_memory_equal(line, want, strlen(want));
	assert_int_equal(line[len - 1], '}');
	s->gap |= s->n && sequence != s->last + 1;
	s->first = s->n++ ? s->first : sequence;
	s->last = sequence;
	s->bytes += len;
	return true;
}

static struct seen read_since(uint64_t after)
{
	struct seen seen = { 0 };

	assert_int_equal(log_read_since(dir, LOG_FILE_NAME, after, SIZE_MAX, take, &seen), 0);
	return seen;
}

static void no_log(void **state)
{
	struct buf out;
	uint64_t last;

	buf_init(&out, EVENTS_MAX);
	assert_int_equal(log_last_sequence(dir, LOG_FILE_NAME, &last), -ENOENT);
	assert_int_equal(history_events_put(dir, 0, &out), -ENOENT);
	assert_int_equal(read_since(0).n, 0);
	buf_done(&out);
}

static void from_every_place(void **state)
{
	uint64_t after, last;
	struct seen seen;

	write_lines(1, LINES, 1 << 30);
	assert_int_equal(log_last_sequence(dir, LOG_FILE_NAME, &last), 0);
	assert_int_equal(last, LINES);
	for (after = 0; after < LINES; after += after < LINES - 10 ? 7 : 1) {
		seen = read_since(after);
		if (seen.first != after + 1 || seen.last != LINES || seen.gap)
			fail_msg("after %llu: %llu to %llu", (unsigned long long)after,
				 (unsigned long long)seen.first, (unsigned long long)seen.last);
	}
	assert_int_equal(read_since(LINES).n, 0);
	assert_int_equal(read_since(UINT64_MAX).n, 0);
}

static void across_a_rotation(void **state)
{
	struct seen seen;
	uint64_t after;

	write_lines(1, LINES, 400000); /* less than all of them, more than half */
	seen = read_since(0);
	assert_true(seen.first > 1); /* what was rotated away is gone */
	assert_int_equal(seen.last, LINES);
	assert_false(seen.gap);
	for (after = seen.first; after < LINES; after += 13) {
		assert_int_equal(read_since(after).first, after + 1);
		assert_int_equal(read_since(after).last, LINES);
	}
}

/* Bytes in between that are no lines of the chain, or no JSON: passed over. */
static void edited(void **state)
{
	static const char junk[] =
		"{\"n\":101,\"t\":\"\n\n\xff\x00{]\n{\"event\":{\"sequence\":101}}\n";
	struct seen seen;
	int fd;

	write_lines(1, 100, 1 << 30);
	fd = openat(dir, LOG_FILE_NAME, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, junk, sizeof(junk) - 1), sizeof(junk) - 1);
	close(fd);
	seen = read_since(0);
	assert_int_equal(seen.n, 100);
	write_lines(101, 10, 1 << 30);
	seen = read_since(50);
	assert_int_equal(seen.first, 51);
	assert_int_equal(seen.last, 110);
}

static void document(void **state)
{
	struct buf out;
	char head[120];
	uint64_t next = 0;
	unsigned int parts = 0, i, n = 0;

	write_lines(1, LINES, 1 << 30);
	buf_init(&out, EVENTS_MAX);
	assert_int_equal(history_events_put(dir, UINT64_MAX, &out), 0);
	buf_char(&out, '\0');
	assert_string_equal(out.data, "{\"schema\":\"vigie.events/1\",\"last\":3000,\"next\":3000,"
				      "\"events\":[]}\n");
	for (; next < LINES; parts++) {
		buf_clear(&out);
		assert_int_equal(history_events_put(dir, next, &out), 0);
		buf_char(&out, '\0');
		assert_true(out.len < 400000);
		next = strtoull(strstr(out.data, "\"next\":") + 7, NULL, 10);
		snprintf(
			head, sizeof(head),
			"{\"schema\":\"vigie.events/1\",\"last\":3000,\"next\":%llu,\"events\":[\n",
			(unsigned long long)next);
		assert_memory_equal(out.data, head, strlen(head));
		assert_string_equal(out.data + out.len - 1 - strlen("}\n]}\n"), "}\n]}\n");
		for (i = 0; i < out.len; i++)
			n += out.data[i] == '\n';
		n -= 2;
		assert_int_equal(n, next);
		assert_true(parts < 100);
	}
	assert_true(parts > 1);
	buf_done(&out);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(no_log),
		IN_DIRECTORY(from_every_place),
		IN_DIRECTORY(across_a_rotation),
		IN_DIRECTORY(edited),
		IN_DIRECTORY(document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
