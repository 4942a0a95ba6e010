// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_choice.c - families by name and pattern: what is shown, what is refused, what was meant.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../golden/view_fixture.h"
#include "export/choice.h"
#include "export/encode.h"

static struct family_choice choice;
static const char *bad;
static size_t bad_len;

static int reset(void **state)
{
	memset(&choice, 0, sizeof(choice));
	return 0;
}

static int add(const char *list, bool shown)
{
	return family_choice_add(&choice, list, shown, &bad, &bad_len);
}

/* The page with this choice; the caller frees. */
static char *page_of(const struct family_choice *chosen)
{
	static struct fixture f;
	struct buf out;
	const struct encode_ctx ctx = {
		.out = &out, .view = &f.view, .self = &f.self, .families = chosen
	};

	fixture_by_unit(&f);
	buf_init(&out, 1 << 20);
	openmetrics_encode_ctx(&ctx, OM_OPENMETRICS_1_0);
	buf_char(&out, '\0');
	assert_int_equal(out.err, 0);
	return out.data;
}

static bool has(const char *page, const char *family)
{
	char line[128];

	snprintf(line, sizeof(line), "# TYPE %s ", family);
	return strstr(page, line);
}

static void all_without_a_choice(void **state)
{
	char *whole = page_of(NULL), *same = page_of(&choice);

	assert_string_equal(whole, same);
	assert_true(family_choice_any(&choice));
	free(whole);
	free(same);
}

static void only_what_is_named(void **state)
{
	char *page;

	assert_int_equal(add("vigie_host_cpu_seconds_total,vigie_unit", true), 0);
	assert_int_equal(add("vigie_process_*_bytes", true), 0);
	page = page_of(&choice);
	assert_true(has(page, "vigie_host_cpu_seconds") && has(page, "vigie_unit"));
	assert_true(has(page, "vigie_process_swap_bytes"));
	assert_true(has(page, "vigie_process_resident_memory_bytes"));
	assert_false(has(page, "vigie_process_cpu_seconds") || has(page, "vigie_host_cpus"));
	assert_null(strstr(page, "vigie_self"));
	assert_string_equal(page + strlen(page) - 6, "# EOF\n");
	free(page);
}

static void all_but_what_is_named(void **state)
{
	char *page;

	assert_int_equal(add("vigie_self_*,process_*", false), 0);
	page = page_of(&choice);
	assert_true(has(page, "vigie_process_cpu_seconds") && has(page, "vigie_build"));
	assert_null(strstr(page, "vigie_self"));
	assert_false(has(page, "process_open_fds"));
	free(page);
}

static void less_of_what_is_named(void **state)
{
	char *page;

	assert_int_equal(add("vigie_process_*", true), 0);
	assert_int_equal(add("vigie_process_run_queue_wait_seconds", false), 0);
	page = page_of(&choice);
	assert_true(has(page, "vigie_process_cpu_seconds"));
	assert_null(strstr(page, "run_queue_wait"));
	assert_false(has(page, "vigie_host_cpus"));
	assert_int_equal(add("*", false), 0);
	assert_false(family_choice_any(&choice));
	free(page);
}

static void what_is_none_is_told(void **state)
{
	static const struct {
		const char *list, *bad;
	} lists[] = {
		{ "", "" },
		{ "vigie_unit,nope", "nope" },
		{ "nope*,vigie_unit", "nope*" },
		{ "vigie_unit,", "" },
		{ "vigie_process_read_chars", "vigie_process_read_chars" }, /* in lists only */
		{ "Vigie_unit", "Vigie_unit" },
	};
	size_t i;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		reset(NULL);
		assert_int_equal(add(lists[i].list, true), -EINVAL);
		assert_int_equal(bad_len, strlen(lists[i].bad));
		assert_memory_equal(bad, lists[i].bad, bad_len);
	}
}

static const char *nearest(const char *name)
{
	return family_choice_nearest(name, strlen(name));
}

static void what_was_meant(void **state)
{
	char endless[5000];

	assert_string_equal(nearest("vigie_proces_cpu_seconds"), "vigie_process_cpu_seconds");
	assert_string_equal(nearest("vigie_host_memroy_bytes"), "vigie_host_memory_bytes");
	assert_string_equal(nearest("unit"), "vigie_unit");
	memset(endless, 'x', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	assert_non_null(nearest(endless));
	assert_non_null(nearest(""));
}

static void the_table_fits(void **state)
{
	assert_true(nfamilies <= FAMILIES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_without_a_choice, reset),
		cmocka_unit_test_setup(only_what_is_named, reset),
		cmocka_unit_test_setup(all_but_what_is_named, reset),
		cmocka_unit_test_setup(less_of_what_is_named, reset),
		cmocka_unit_test_setup(what_is_none_is_told, reset),
		cmocka_unit_test_setup(what_was_meant, reset),
		cmocka_unit_test(the_table_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
