// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_page.c - a page of metrics read back: the golden one to the byte, and what is refused, where.
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

#include "base/buf.h"
#include "push/page.h"

static char *read_golden(size_t *ret_len)
{
	const char *root = getenv("VIGIE_SRCDIR");
	char path[4096], *text;
	FILE *file;
	long len;

	snprintf(path, sizeof(path), "%s/tests/golden/unit.om", root ? root : ".");
	file = fopen(path, "rb");
	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	len = ftell(file);
	assert_true(len > 10000);
	rewind(file);
	text = malloc(len + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, len, file), len);
	text[len] = '\0';
	fclose(file);
	*ret_len = len;
	return text;
}

static void write_escaped(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\' || *text == '\n')
			buf_char(out, '\\');
		buf_char(out, *text == '\n' ? 'n' : *text);
	}
}

static void write_sample(struct buf *out, const struct page *page, const struct page_sample *sample)
{
	static const char *const parts[] = { "", "_bucket", "_count", "_sum" };
	const struct page_family *family = &page->families[sample->family];
	__u32 i;

	buf_printf(out, "%s%s%s", family->name, parts[sample->part],
		   family->type == PAGE_COUNTER ? "_total"
		   : family->type == PAGE_INFO	? "_info"
						: "");
	for (i = 0; i < sample->nlabels; i++) {
		buf_printf(out, "%s%s=\"", i ? "," : "{", page->labels[sample->label + i].name);
		write_escaped(out, page->labels[sample->label + i].value);
		buf_char(out, '"');
	}
	buf_printf(out, "%s %s\n", sample->nlabels ? "}" : "", sample->value);
}

/* The page as text again, from nothing but what was read. */
static void write_page(struct buf *out, const struct page *page)
{
	static const char *const types[] = { "counter", "gauge", "histogram", "info", "unknown" };
	size_t i, k;

	for (i = 0; i < page->nfamilies; i++) {
		const struct page_family *family = &page->families[i];

		buf_printf(out, "# TYPE %s %s\n", family->name, types[family->type]);
		if (*family->unit)
			buf_printf(out, "# UNIT %s %s\n", family->name, family->unit);
		if (*family->help)
			buf_printf(out, "# HELP %s %s\n", family->name, family->help);
		for (k = 0; k < family->nsamples; k++)
			write_sample(out, page, &page->samples[family->sample + k]);
	}
	buf_str(out, "# EOF\n");
	assert_int_equal(out->err, 0);
}

static void golden_page_comes_back_to_the_byte(void **state)
{
	struct page page = { 0 };
	size_t len, line = 0;
	char *text = read_golden(&len), *again;
	struct buf out;
	int round;

	(void)state;
	again = malloc(len + 1);
	assert_non_null(again);
	memcpy(again, text, len + 1);
	buf_init(&out, len * 2);
	for (round = 0; round < 2; round++) { /* room is kept, and nothing else */
		memcpy(again, text, len + 1);
		assert_int_equal(page_parse(&page, again, len, &line), 0);
		buf_clear(&out);
		write_page(&out, &page);
		assert_int_equal(out.len, len);
		assert_memory_equal(out.data, text, len);
	}
	buf_done(&out);
	page_done(&page);
	free(text);
	free(again);
}

/* Wherever it is cut: refused, and nothing is left of it. */
static void a_cut_page_is_refused(void **state)
{
	struct page page = { 0 };
	size_t len, cut, line;
	char *text = read_golden(&len), *copy = malloc(len + 1);

	(void)state;
	assert_non_null(copy);
	for (cut = 0; cut < len; cut += cut < 3000 ? 1 : 97) {
		memcpy(copy, text, cut);
		copy[cut] = '\0';
		line = 0;
		assert_int_equal(page_parse(&page, copy, cut, &line), -EBADMSG);
		assert_true(line >= 1);
		assert_int_equal(page.nfamilies + page.nsamples + page.nlabels, 0);
	}
	page_done(&page);
	free(text);
	free(copy);
}

static int parse_n(struct page *page, const char *text, size_t len, char **ret_copy, size_t *line)
{
	/* On the heap, exactly as long: a read over its end is seen by the sanitizer. */
	*ret_copy = malloc(len + 1);
	assert_non_null(*ret_copy);
	memcpy(*ret_copy, text, len);
	(*ret_copy)[len] = '\0';
	return page_parse(page, *ret_copy, len, line);
}

static void hostile_names(void **state)
{
	static const char text[] = "# TYPE a gauge\n# HELP a b\\\\c\\nd\n"
				   "a{comm=\"x\\\\\",unit=\"} 1\"} 2\n"
				   "a{comm=\"# EOF\",unit=\"a,b=\\\"c\\\"\"} -1.5e-07\n"
				   "a{comm=\"\",unit=\"\xf0\x9f\x90\x99 \xc3\xa9\"} 0\n"
				   "a{comm=\"p\\nq\",unit=\"\\\\n\"} 18446744073709551615\n# EOF\n";
	static const char *const want[][3] = { { "x\\", "} 1", "2" },
					       { "# EOF", "a,b=\"c\"", "-1.5e-07" },
					       { "", "\xf0\x9f\x90\x99 \xc3\xa9", "0" },
					       { "p\nq", "\\n", "18446744073709551615" } };
	struct page page = { 0 };
	size_t line, i;
	char *copy;

	(void)state;
	assert_int_equal(parse_n(&page, text, sizeof(text) - 1, &copy, &line), 0);
	assert_string_equal(page.families[0].help, "b\\c\nd");
	assert_int_equal(page.nsamples, 4);
	for (i = 0; i < 4; i++) {
		assert_string_equal(page.labels[2 * i].value, want[i][0]);
		assert_string_equal(page.labels[2 * i + 1].value, want[i][1]);
		assert_string_equal(page.samples[i].value, want[i][2]);
	}
	page_done(&page);
	free(copy);
}

#define G "# TYPE a gauge\n"
#define C "# TYPE c counter\n"
#define H "# TYPE h histogram\n"
#define B(le, n) "h_bucket{le=\"" le "\"} " n "\n"
#define END "# EOF\n"

static void what_is_damaged_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *text;
		size_t line;
	} bad[] = {
		/* clang-format off */
		{ "", 1 }, { "\n", 1 }, { "# EOF", 1 }, { END "\n", 2 }, { END END, 2 },
		{ "a 1\n" END, 1 }, { G "b 1\n" END, 2 }, { G "a_total 1\n" END, 2 },
		{ G "a\n" END, 2 }, { G "a \n" END, 2 }, { G "a  1\n" END, 2 }, { G "a 1 \n" END, 2 },
		{ G "a 1 2\n" END, 2 }, { G "a 1 # {} 1\n" END, 2 }, { G "a\t1\n" END, 2 },
		{ G "a 1\r\n" END, 2 }, { G "\na 1\n" END, 2 }, { G "a 1\n", 3 },
		/* values */
		{ G "a NaN\n" END, 2 }, { G "a +Inf\n" END, 2 }, { G "a -Inf\n" END, 2 },
		{ G "a 1e999\n" END, 2 }, { G "a -1e999\n" END, 2 }, { G "a 0x1\n" END, 2 },
		{ G "a +1\n" END, 2 }, { G "a .5\n" END, 2 }, { G "a 5.\n" END, 2 },
		{ G "a 1e\n" END, 2 }, { G "a 1e+\n" END, 2 }, { G "a --1\n" END, 2 },
		{ G "a 1,5\n" END, 2 }, { C "c_total -1\n" END, 2 }, { C "c 1\n" END, 2 },
		{ "# TYPE i info\ni_info 2\n" END, 2 }, { "# TYPE i info\ni 1\n" END, 2 },
		/* labels */
		{ G "a{} 1\n" END, 2 }, { G "a{b} 1\n" END, 2 }, { G "a{b=} 1\n" END, 2 },
		{ G "a{b=c} 1\n" END, 2 }, { G "a{b=\"c} 1\n" END, 2 }, { G "a{b=\"c\\\"} 1\n" END, 2 },
		{ G "a{b=\"c\"1\n" END, 2 }, { G "a{b=\"c\"}1\n" END, 2 }, { G "a{b=\"c\",} 1\n" END, 2 },
		{ G "a{,b=\"c\"} 1\n" END, 2 }, { G "a{b=\"\\t\"} 1\n" END, 2 },
		{ G "a{b=\"c\\", 2 }, { G "a{b=\"c\\\n" END, 2 }, { G "a{1b=\"c\"} 1\n" END, 2 },
		{ G "a{b:c=\"c\"} 1\n" END, 2 }, { G "a{b=\"1\",b=\"2\"} 1\n" END, 2 },
		{ G "a{b=\"c\" ,d=\"e\"} 1\n" END, 2 }, { G "1a 1\n" END, 2 },
		/* bytes */
		{ G "a{b=\"\xff\"} 1\n" END, 2 }, { G "a{b=\"\xc0\x80\"} 1\n" END, 2 },
		{ G "a{b=\"\xed\xa0\x80\"} 1\n" END, 2 }, { G "a{b=\"\xf4\x90\x80\x80\"} 1\n" END, 2 },
		{ G "a{b=\"\xe2\x82\"} 1\n" END, 2 }, { G "a{b=\"\x1b[2J\"} 1\n" END, 2 },
		{ G "a{b=\"\x7f\"} 1\n" END, 2 }, { G "a 1\n# EOF\n\xc3", 4 },
		/* metadata */
		{ "# TYPE\n" END, 1 }, { "# TYPE a\n" END, 1 }, { "# TYPE a \n" END, 1 },
		{ "# TYPE a summary\n" END, 1 }, { "# TYPE a gauge \n" END, 1 },
		{ "#TYPE a gauge\n" END, 1 }, { "# HELP a b\n" END, 1 }, { G "# HELP b c\n" END, 2 },
		{ G "# NOTE a b\n" END, 2 }, { G "# a comment\n" END, 2 },
		{ G "# HELP a b\n# HELP a c\n" END, 3 }, { G "# HELP a b\\c\n" END, 2 },
		{ G "# HELP a b\\\n" END, 2 }, { G "# UNIT a bytes\n" END, 2 },
		{ "# TYPE a_s gauge\n# UNIT a_s s\n# UNIT a_s s\n" END, 3 },
		{ "# TYPE xs gauge\n# UNIT xs s\n" END, 2 }, { G "a 1\n# HELP a b\n" END, 3 },
		{ G "a 1\n" C "c_total 1\n" G "a 2\n" END, 5 }, { G C "a 1\n" END, 3 },
		/* histograms: n stands in +Inf, the count, and nothing is missing or out of order */
		{ H B("1", "1") END, 3 }, { H B("1", "1") G END, 3 },
		{ H B("1", "1") "h_count 1\nh_sum 1\n" END, 3 },
		{ H B("+Inf", "1") "h_sum 1\nh_count 1\n" END, 3 },
		{ H B("+Inf", "1") "h_count 2\nh_sum 1\n" END, 3 },
		{ H B("+Inf", "1") "h_count 1\nh_count 1\n" END, 4 },
		{ H B("+Inf", "1") "h_count 1\n" END, 4 }, { H B("+Inf", "1") "h_count 1\nh_sum -1\n" END, 4 },
		{ H B("2", "1") B("1", "1") END, 3 }, { H B("1", "1") B("1", "1") END, 3 },
		{ H B("1", "2") B("2", "1") END, 3 }, { H B("+Inf", "1") B("+Inf", "1") END, 3 },
		{ H B("+Inf", "1") B("3", "1") END, 3 }, { H B("x", "1") END, 2 }, { H B("", "1") END, 2 },
		{ H B("1", "1.5") END, 2 }, { H B("1", "-1") END, 2 },
		{ H B("1", "18446744073709551616") END, 2 }, { H "h_bucket 1\n" END, 2 },
		{ H "h_bucket{le=\"1\",a=\"b\"} 1\n" END, 2 }, { H "h 1\n" END, 2 },
		{ H "h_count 1\n" END, 2 }, { H "h_sum 1\n" END, 2 },
		{ H "h_bucket{a=\"b\",le=\"+Inf\"} 1\nh_count 1\n" END, 3 },
		{ H "h_bucket{a=\"b\",le=\"1\"} 1\nh_bucket{a=\"c\",le=\"+Inf\"} 1\n" END, 3 },
		{ H B("+Inf", "1") "h_count{le=\"1\"} 1\n" END, 3 },
		/* clang-format on */
	};
	struct page page = { 0 };
	size_t i, line;
	char *copy;
	int err;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		line = 0;
		err = parse_n(&page, bad[i].text, strlen(bad[i].text), &copy, &line);
		if (err != -EBADMSG || line != bad[i].line)
			fail_msg("'%s': %d, line %zu, not %zu", bad[i].text, err, line,
				 bad[i].line);
		assert_int_equal(page.nfamilies + page.nsamples + page.nlabels, 0);
		free(copy);
	}
	page_done(&page);
}

static void a_nul_is_no_end(void **state)
{
	static const char text[] = G "a 1\n" END "\0" G;
	struct page page = { 0 };
	size_t line;
	char *copy;

	(void)state;
	assert_int_equal(parse_n(&page, text, sizeof(text) - 1, &copy, &line), -EBADMSG);
	assert_int_equal(line, 4);
	page_done(&page);
	free(copy);
}

static void empty_and_whole(void **state)
{
	static const char *const good[] = { END,
					    G END,
					    G "a 0\na{b=\"c\"} -1\n" END,
					    H END,
					    C "c_total 1e+20\n" END,
					    H B("-1", "0") B("1", "2")
						    B("+Inf", "2") "h_count 2\nh_sum 0.5\n" END };
	struct page page = { 0 };
	size_t i, line;
	char *copy;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (parse_n(&page, good[i], strlen(good[i]), &copy, &line))
			fail_msg("'%s': refused, line %zu", good[i], line);
		free(copy);
	}
	assert_int_equal(page.nsamples, 5);
	page_done(&page);
}

static void numbers_are_the_nearest(void **state)
{
	(void)state;
	assert_true(page_number("411786.355076387") == 411786.355076387);
	assert_true(page_number("-1.5e-07") == -1.5e-07);
	assert_true(page_number("18446744073709551615") == 0x1p64);
	assert_true(page_number("123456789.123456789") == 123456789.123456789);
}

static void too_many_samples(void **state)
{
	struct page page = { 0 };
	struct buf text;
	size_t i, line;

	(void)state;
	buf_init(&text, 16 << 20);
	buf_str(&text, G);
	for (i = 0; i <= PAGE_SAMPLES_MAX; i++)
		buf_str(&text, "a 1\n");
	buf_str(&text, END);
	buf_char(&text, '\0');
	assert_int_equal(text.err, 0);
	assert_int_equal(page_parse(&page, text.data, text.len - 1, &line), -E2BIG);
	assert_int_equal(line, PAGE_SAMPLES_MAX + 2);
	page_done(&page);
	buf_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_page_comes_back_to_the_byte),
		cmocka_unit_test(a_cut_page_is_refused),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(what_is_damaged_is_refused_with_its_line),
		cmocka_unit_test(a_nul_is_no_end),
		cmocka_unit_test(empty_and_whole),
		cmocka_unit_test(numbers_are_the_nearest),
		cmocka_unit_test(too_many_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
