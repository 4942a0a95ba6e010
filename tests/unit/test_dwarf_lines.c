// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_dwarf_lines.c - profile/dwarf_lines: what the compiler inlined where, asked of this very program.
 *
 * The compiler itself says what is right: __LINE__ where the code stands.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "profile/dwarf_lines.h"

#define INLINED static inline __attribute__((always_inline))
#define HERE(pc) asm volatile("1: lea 1b(%%rip), %0" : "=r"(pc))

extern const char __executable_start[];

enum { ROOM = 8 };

static uint64_t at; /* an address, as the file has it */
static int line_inner, line_middle, line_outer, begin_inner, begin_outer;

INLINED void inner(void)
{
	uint64_t pc;

	begin_inner = __LINE__ - 4;
	line_inner = __LINE__ + 1;
	HERE(pc);
	at = pc - (uint64_t)__executable_start;
}

INLINED void middle(void)
{
	line_middle = __LINE__ + 1;
	inner();
}

__attribute__((noinline)) static void outer(void)
{
	begin_outer = __LINE__ - 2;
	line_outer = __LINE__ + 1;
	middle();
}

static struct dwarf_lines *own(int *ret_fd)
{
	struct dwarf_lines *s;

	*ret_fd = open("/proc/self/exe", O_RDONLY);
	s = dwarf_lines__new(*ret_fd);
	assert_non_null(s);
	return s;
}

static void check(const struct dwarf_line *line, const char *function, int number, int begin)
{
	assert_string_equal(line->function, function);
	assert_int_equal(line->line, number);
	assert_int_equal(line->begin, begin);
	assert_non_null(strstr(line->file, "test_dwarf_lines.c"));
}

static void the_inner_comes_first(void **state)
{
	struct dwarf_line lines[ROOM];
	int fd;
	struct dwarf_lines *s = own(&fd);

	outer();
	assert_int_equal(dwarf_lines__find(s, at, lines, ROOM), 3);
	check(&lines[0], "inner", line_inner, begin_inner);
	assert_string_equal(lines[1].function, "middle");
	assert_int_equal(lines[1].line, line_middle);
	check(&lines[2], "outer", line_outer, begin_outer);
	dwarf_lines__free(s);
	close(fd);
}

static void without_room_the_function_itself_stays(void **state)
{
	struct dwarf_line lines[2];
	int fd;
	struct dwarf_lines *s = own(&fd);

	outer();
	assert_int_equal(dwarf_lines__find(s, at, lines, 2), 2);
	check(&lines[0], "inner", line_inner, begin_inner);
	check(&lines[1], "outer", line_outer, begin_outer);
	dwarf_lines__free(s);
	close(fd);
}

static void other_addresses_have_none(void **state)
{
	struct dwarf_line lines[ROOM];
	int fd;
	struct dwarf_lines *s = own(&fd);

	assert_int_equal(dwarf_lines__find(s, 0, lines, ROOM), 0);
	assert_int_equal(dwarf_lines__find(s, UINT64_MAX, lines, ROOM), 0);
	assert_int_equal(dwarf_lines__find(s, 1ULL << 40, lines, ROOM), 0);
	dwarf_lines__free(s);
	close(fd);
}

static void what_is_no_elf_is_refused(void **state)
{
	int fd = open("/dev/null", O_RDONLY);

	assert_null(dwarf_lines__new(fd));
	close(fd);
	assert_null(dwarf_lines__new(-1));
}

/* Each byte of the debug data is anybody's: wrong answers are allowed, a sanitizer's report not. */
static void damage_does_no_harm(void **state)
{
	struct dwarf_line lines[ROOM];
	char path[] = "/tmp/vigie-source-XXXXXX", chunk[65536];
	int from = open("/proc/self/exe", O_RDONLY), fd = mkstemp(path), i;
	off_t size = 0;
	struct dwarf_lines *s;
	ssize_t n;

	outer();
	while ((n = read(from, chunk, sizeof(chunk))) > 0)
		size += write(fd, chunk, n);
	assert_true(size > 16384);
	srand(1);
	for (i = 0; i < 300; i++) {
		off_t where = 4096 + (((off_t)rand() << 16 ^ rand()) % (size - 8192));
		char old[16], bad[16];

		assert_int_equal(pread(fd, old, sizeof(old), where), sizeof(old));
		memset(bad, rand(), sizeof(bad));
		assert_int_equal(pwrite(fd, bad, sizeof(bad), where), sizeof(bad));
		s = dwarf_lines__new(fd);
		if (s)
			dwarf_lines__find(s, at, lines, ROOM);
		dwarf_lines__free(s);
		assert_int_equal(pwrite(fd, old, sizeof(old), where), sizeof(old));
	}
	s = dwarf_lines__new(fd);
	assert_int_equal(dwarf_lines__find(s, at, lines, ROOM), 3);
	dwarf_lines__free(s);
	unlink(path);
	close(fd);
	close(from);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_inner_comes_first),
		cmocka_unit_test(without_room_the_function_itself_stays),
		cmocka_unit_test(other_addresses_have_none),
		cmocka_unit_test(what_is_no_elf_is_refused),
		cmocka_unit_test(damage_does_no_harm),
	};

	return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
