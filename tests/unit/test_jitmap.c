// SPDX-License-Identifier: GPL-2.0-only
/* test_jitmap.c - names of generated code from perf maps, good, large and hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "profile/jitmap.h"

struct names {
	char text[8][64];
};

static void take(void *ctx, size_t index, const char *text)
{
	struct names *names = ctx;

	assert_true(index < 8 && !names->text[index][0]);
	snprintf(names->text[index], sizeof(names->text[index]), "%s", text);
}

static int map_of(const char *text)
{
	int fd = memfd_create("map", 0);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static void the_last_entry_counts(void **state)
{
	static const uint64_t addresses[] = { 0x205, 0x100, 0x10f, 0x110, 0xff, 0x100 };
	struct names names = { 0 };
	int fd = map_of("100 10 old\n0x200 0x10 java name\n100 8 new\nno line\n100\n300 1 x");

	assert_int_equal(jitmap_names(fd, addresses, 6, take, &names), 0);
	assert_string_equal(names.text[0], "java name");
	assert_string_equal(names.text[1], "new");
	assert_string_equal(names.text[2], "old");
	assert_string_equal(names.text[3], "");
	assert_string_equal(names.text[4], "");
	assert_string_equal(names.text[5], "new");
	close(fd);
}

/* A range over the end of all addresses, a line without end, one longer than a line may be. */
static void hostile_lines(void **state)
{
	static const uint64_t addresses[] = { UINT64_MAX, 5, 0x1000 };
	char text[3000] = "ffffffffffffffff ffffffffffffffff top\n0 6 low\n";
	struct names names = { 0 };
	size_t n = strlen(text);
	int fd;

	memset(text + n, 'x', 2000);
	snprintf(text + n + 2000, sizeof(text) - n - 2000, "\n1000 10 after");
	fd = map_of(text);
	assert_int_equal(jitmap_names(fd, addresses, 3, take, &names), 0);
	assert_string_equal(names.text[0], "top");
	assert_string_equal(names.text[1], "low");
	assert_string_equal(names.text[2], "after");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_entry_counts),
		cmocka_unit_test(hostile_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
