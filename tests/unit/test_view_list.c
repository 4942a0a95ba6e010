// SPDX-License-Identifier: GPL-2.0-only
/* test_view_list.c - table, JSON and CSV: order, the cut, what is conserved, widths, quoting. */
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
#include "base/json_writer.h"
#include "data/text_cells.h"
#include "data/view_list.h"

static struct fixture fixture;
static struct buf out;

static int setup(void **state)
{
	(void)state;
	buf_init(&out, 1 << 20);
	fixture_by_unit(&fixture);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_done(&out);
	return 0;
}

static const char *text(void)
{
	assert_int_equal(out.err, 0);
	buf_char(&out, '\0');
	return out.data;
}

static void every_sort_key_has_a_name_of_its_own(void **state)
{
	int i, j;

	(void)state;
	for (i = 0; i < SORT_KEYS; i++) {
		assert_true(*sort_key_name(i));
		for (j = 0; j < i; j++)
			assert_string_not_equal(sort_key_name(i), sort_key_name(j));
	}
	assert_string_equal(sort_key_name(SORT_KEYS), "");
}

/* Makes the last group the largest by exactly one key. */
static void make_largest(struct group_view *group, enum sort_key key)
{
	struct vigie_usage *inc = &group->inc;
	__u64 much = 1ull << 50;

	__u64 *const words[SORT_KEYS] = {
		[SORT_CPU] = &inc->system_ns,
		[SORT_WAIT] = &inc->wait_ns,
		[SORT_OFF] = &inc->off_ns[VIGIE_OFF_DISK],
		[SORT_RSS] = &group->rss_bytes[VIGIE_RSS_SHMEM],
		[SORT_PEAK] = &group->peak_bytes,
		[SORT_SWAP] = &group->rss_bytes[VIGIE_RSS_SWAP],
		[SORT_FAULTS] = &inc->major_faults,
		[SORT_SWITCHES] = &inc->involuntary_switches,
		[SORT_READ] = &inc->read_bytes,
		[SORT_WRITE] = &inc->written_bytes,
		[SORT_STALL] = &inc->stall_ns[VIGIE_STALL_COMPACTION],
		[SORT_STARTS] = &inc->starts,
	};
	if (words[key])
		*words[key] = much;
}

static void each_key_sorts_by_itself(void **state)
{
	struct list_options options = { 0 };
	struct list list;
	int key;

	(void)state;
	for (key = 0; key < SORT_NAME; key++) {
		fixture_by_unit(&fixture);
		make_largest(&fixture.groups[0], key);
		options.sort = key;
		assert_int_equal(list_init(&list, &fixture.view, &options), 0);
		assert_int_equal(list.n, 3);
		assert_ptr_equal(list.rows[0], &fixture.groups[0]);
		assert_ptr_equal(list.rows[1], &fixture.groups[1]);
		assert_ptr_equal(list.rows[2], &fixture.groups[3]);
		list_done(&list);
	}
}

static void names_and_ties_follow_the_labels(void **state)
{
	struct list_options options = { .sort = SORT_NAME };
	struct list list;

	(void)state;
	assert_int_equal(list_init(&list, &fixture.view, &options), 0);
	assert_ptr_equal(list.rows[0], &fixture.groups[0]);
	assert_ptr_equal(list.rows[2], &fixture.groups[3]);
	list_done(&list);
}

/* What the cut takes from the rows, the other gets. */
static void the_cut_conserves(void **state)
{
	struct list_options options = { .sort = SORT_CPU, .top = 0 };
	struct list list;
	__u64 cpu_ns, all_ns = 0, rss, all_rss = 0, all_starts = 0, starts;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		all_ns += list_cpu_ns(&fixture.groups[i]);
		all_rss += list_rss_bytes(&fixture.groups[i]);
		all_starts += fixture.groups[i].inc.starts;
	}
	all_ns += list_cpu_ns(&fixture.view.other);
	all_rss += list_rss_bytes(&fixture.view.other);
	all_starts += fixture.view.other.inc.starts;
	for (options.top = 0; options.top < 6; options.top++) {
		assert_int_equal(list_init(&list, &fixture.view, &options), 0);
		assert_int_equal(list.n, options.top && options.top < 3 ? options.top : 3);
		assert_int_equal(list.cut, 3 - list.n);
		cpu_ns = list_cpu_ns(&list.other);
		rss = list_rss_bytes(&list.other);
		starts = list.other.inc.starts;
		for (i = 0; i < list.n; i++) {
			cpu_ns += list_cpu_ns(list.rows[i]);
			rss += list_rss_bytes(list.rows[i]);
			starts += list.rows[i]->inc.starts;
		}
		assert_int_equal(cpu_ns, all_ns);
		assert_int_equal(rss, all_rss);
		assert_int_equal(starts, all_starts);
		list_done(&list);
	}
}

static void rounding(void **state)
{
	(void)state;
	assert_int_equal(list_permille(0, 0), 0);
	assert_int_equal(list_permille(5, 0), 0);
	assert_int_equal(list_permille(1, 3), 333);
	assert_int_equal(list_permille(2, 3), 667);
	assert_int_equal(list_permille(3000, 1000), 3000);
}

/* --- Texts on a terminal. */

static void display_width(void **state)
{
	(void)state;
	assert_int_equal(text_columns(""), 0);
	assert_int_equal(text_columns("abc"), 3);
	assert_int_equal(text_columns("\xc3\xa9"), 1); /* é */
	assert_int_equal(text_columns("e\xcc\x81"), 1); /* e and a combining acute */
	assert_int_equal(text_columns("\xe5\x90\x8c\xe6\xad\xa5"), 4); /* two ideographs */
	assert_int_equal(text_columns("\xf0\x9f\x90\x99"), 2); /* an octopus */
	assert_int_equal(text_columns("\xe2\x80\x8b"), 0); /* zero width space */
	assert_int_equal(text_columns("\xed\x95\x9c"), 2); /* a Hangul syllable */
	assert_int_equal(text_columns("\xef\xbc\xa1"), 2); /* full-width A */
	assert_int_equal(text_columns("\xf0\xa0\x80\x80"), 2); /* U+20000 */
	assert_int_equal(text_columns("\xff\x80"), 2); /* not UTF-8: a column a byte */
	assert_int_equal(text_columns("\xe5\x90"), 2);
}

static void assert_cell(const char *s, size_t columns, bool right, const char *want)
{
	buf_clear(&out);
	text_cell(&out, s, columns, right);
	assert_string_equal(text(), want);
}

static void cells_have_their_width(void **state)
{
	(void)state;
	assert_cell("abc", 5, false, "abc  ");
	assert_cell("abc", 5, true, "  abc");
	assert_cell("abcde", 5, false, "abcde");
	assert_cell("abcdef", 5, false, "abcd~");
	/* The second ideograph would begin in the fourth column and end in the fifth. */
	assert_cell("\xe5\x90\x8c\xe6\xad\xa5\xe6\xad\xa5", 4, false, "\xe5\x90\x8c~ ");
	assert_cell("x", 1, false, "x");
	assert_cell("xy", 1, false, "~");
}

static void short_numbers(void **state)
{
	static const struct {
		__u64 value;
		const char *bytes, *count;
	} cases[] = {
		{ 0, "0", "0" },
		{ 999, "999", "999" },
		{ 1000, "1.0K", "1000" },
		{ 1023, "1.0K", "1023" },
		{ 10188, "9.9K", "10188" },
		{ 10240, "10K", "10240" },
		{ 99999, "98K", "99999" },
		{ 100000, "98K", "100k" },
		{ 1023 * 1024, "1.0M", "1.0M" },
		{ UINT64_MAX, "16E", "18E" },
	};
	char dst[32];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text_bytes(dst, sizeof(dst), cases[i].value);
		assert_string_equal(dst, cases[i].bytes);
		text_count(dst, sizeof(dst), cases[i].value);
		assert_string_equal(dst, cases[i].count);
	}
	text_cpu_time(dst, sizeof(dst), 3723 * SECOND + 456 * MS);
	assert_string_equal(dst, "62:03.45");
}

/* --- The table. */

static void assert_lines_fit(const char *made, size_t width)
{
	char line[4096];
	const char *end;

	for (; *made; made = end + 1) {
		end = strchr(made, '\n');
		assert_non_null(end);
		assert_true((size_t)(end - made) < sizeof(line));
		memcpy(line, made, end - made);
		line[end - made] = '\0';
		if (text_columns(line) > width)
			fail_msg("%zu columns of %zu: %s", text_columns(line), width, line);
	}
}

static void no_line_is_wider_than_the_terminal(void **state)
{
	struct list_options options = { .sort = SORT_CPU };

	(void)state;
	for (options.width = 40; options.width < 200; options.width++) {
		buf_clear(&out);
		table_encode(&out, &fixture.view, &options);
		assert_lines_fit(text(), options.width);
		assert_non_null(strstr(out.data, "%CPU"));
	}
}

static void colours_only_if_asked(void **state)
{
	struct list_options options = { .sort = SORT_CPU };

	(void)state;
	table_encode(&out, &fixture.view, &options);
	assert_null(strchr(text(), '\033'));
	buf_clear(&out);
	options.colour = true;
	table_encode(&out, &fixture.view, &options);
	assert_non_null(strchr(text(), '\033'));
}

static void no_row_for_an_other_that_is_nothing(void **state)
{
	struct list_options options = { .sort = SORT_CPU };
	struct group_view *other = &fixture.view.other;

	(void)state;
	memset(&other->inc, 0, sizeof(other->inc));
	memset(other->rss_bytes, 0, sizeof(other->rss_bytes));
	other->processes = 0;
	fixture.view.ndelays = 0;
	table_encode(&out, &fixture.view, &options);
	assert_null(strstr(text(), GROUP_OTHER));
	buf_clear(&out);
	options.top = 2;
	table_encode(&out, &fixture.view, &options);
	assert_non_null(strstr(text(), GROUP_OTHER));
}

static void before_an_interval_there_are_no_rates(void **state)
{
	struct list_options options = { .sort = SORT_CPU };

	(void)state;
	fixture.view.interval_ns = 0;
	table_encode(&out, &fixture.view, &options);
	assert_null(strstr(text(), "switches/s"));
	buf_clear(&out);
	json_encode(&out, &fixture.view, &options);
	assert_non_null(strstr(text(), "\"cpu_percent\":0.0"));
}

/* --- JSON and CSV. */

static void json_escapes(void **state)
{
	struct json j = { .out = &out };

	(void)state;
	json_open(&j, NULL, '[');
	json_text(&j, NULL, "\"\\/\b\n\x1f\x7f\xc3\xa9");
	json_open(&j, NULL, '{');
	json_close(&j, '}');
	json_line(&j);
	json_tenths(&j, NULL, 1234);
	json_bool(&j, NULL, true);
	json_close(&j, ']');
	assert_string_equal(text(), "[\"\\\"\\\\/\\u0008\\u000a\\u001f\x7f\xc3\xa9\",{},\n"
				    "123.4,true]");
}

static void memory_formulas_are_psutils(void **state)
{
	struct list_options options = { .sort = SORT_CPU };
	struct host_memory *m = &fixture.view.host.memory;

	(void)state;
	/* 8000 - 1000 free - 3200 cached - 100 buffers MiB; (8000 - 5000) / 8000. */
	json_encode(&out, &fixture.view, &options);
	assert_non_null(strstr(text(), "\"virtual_memory\":{\"total\":8388608000,"
				       "\"available\":5242880000,\"percent\":37.5,"
				       "\"used\":3879731200,\"free\":1048576000,"));
	/* Negative: total - free. More available than there is: free. */
	m->cached = m->total;
	m->available = m->total + 1;
	buf_clear(&out);
	json_encode(&out, &fixture.view, &options);
	assert_non_null(strstr(text(), "\"available\":1048576000,\"percent\":87.5,"
				       "\"used\":7340032000,"));
}

static void formulas_are_made_harmless(void **state)
{
	static const char *const names[][2] = {
		{ "=1+1", "\"'=1+1\"" }, { "+1", "\"'+1\"" },	{ "-1", "\"'-1\"" },
		{ "@x", "\"'@x\"" },	 { "'=1", "\"''=1\"" }, { "a\"b,c", "\"a\"\"b,c\"" },
		{ "a=1", "\"a=1\"" },
	};
	struct list_options options = { .sort = SORT_NAME };
	char want[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		fixture.groups[0].label[1] = names[i][0];
		buf_clear(&out);
		csv_encode(&out, &fixture.view, &options);
		snprintf(want, sizeof(want), ",\"cron.service\",%s,", names[i][1]);
		assert_non_null(strstr(text(), want));
	}
}

static void what_does_not_fit_is_an_error(void **state)
{
	struct list_options options = { .sort = SORT_CPU };
	struct buf small;

	(void)state;
	buf_init(&small, 500);
	table_encode(&small, &fixture.view, &options);
	assert_int_equal(small.err, -E2BIG);
	buf_clear(&small);
	json_encode(&small, &fixture.view, &options);
	assert_int_equal(small.err, -E2BIG);
	buf_clear(&small);
	csv_encode(&small, &fixture.view, &options);
	assert_int_equal(small.err, -E2BIG);
	buf_done(&small);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(every_sort_key_has_a_name_of_its_own),
		CASE(each_key_sorts_by_itself),
		CASE(names_and_ties_follow_the_labels),
		CASE(the_cut_conserves),
		CASE(rounding),
		CASE(display_width),
		CASE(cells_have_their_width),
		CASE(short_numbers),
		CASE(no_line_is_wider_than_the_terminal),
		CASE(colours_only_if_asked),
		CASE(no_row_for_an_other_that_is_nothing),
		CASE(before_an_interval_there_are_no_rates),
		CASE(json_escapes),
		CASE(memory_formulas_are_psutils),
		CASE(formulas_are_made_harmless),
		CASE(what_does_not_fit_is_an_error),
	};

	return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
