// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_shed_view.c - what nobody looked for is absent in every format, and all else is as it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../golden/view_fixture.h"
#include "detect/quantity.h"

enum { SIZE = 1 << 20 };

static struct fixture fixture;
static char all[SIZE], some[SIZE];

typedef void encode_fn(struct buf *out);

static void as_openmetrics(struct buf *out)
{
	openmetrics_encode(out, &fixture.view, &fixture.self, OM_OPENMETRICS_1_0);
}

static void as_text(struct buf *out)
{
	openmetrics_encode(out, &fixture.view, &fixture.self, OM_TEXT_0_0_4);
}

static const struct list_options rows = { .sort = SORT_CPU, .width = 120 };

static void as_json(struct buf *out)
{
	json_encode(out, &fixture.view, &rows);
}

static void as_csv(struct buf *out)
{
	csv_encode(out, &fixture.view, &rows);
}

static void as_table(struct buf *out)
{
	table_encode(out, &fixture.view, &rows);
}

static void encode(encode_fn *fn, __u32 shed, char *dst)
{
	struct buf out;

	fixture.view.shed = shed;
	buf_init(&out, SIZE - 1);
	fn(&out);
	assert_int_equal(out.err, 0);
	memcpy(dst, out.data, out.len);
	dst[out.len] = '\0';
	buf_done(&out);
}

/* A sample of the family, or "# TYPE", "# UNIT" or "# HELP" of it. */
static bool is_of(const char *line, const char *family)
{
	return !strncmp(line[0] == '#' ? line + 7 : line, family, strlen(family));
}

/* The lines of all that have no word are those of some, in that order. */
static void check_lines(const char *const words[], size_t n)
{
	const char *at = all, *left = some, *end;
	bool hidden;
	size_t i, len, gone = 0;

	for (; *at; at = end + 1) {
		end = strchr(at, '\n');
		assert_non_null(end);
		len = end + 1 - at;
		for (i = 0, hidden = false; i < n && !hidden; i++)
			hidden = is_of(at, words[i]);
		gone += hidden;
		if (hidden)
			continue;
		if (strncmp(left, at, len))
			fail_msg("%.*s and %.80s", (int)len, at, left);
		left += len;
	}
	assert_true(gone > n);
	assert_string_equal(left, "");
}

static void metrics_lose_their_families(void **state)
{
	static const char *const culprits[] = { "vigie_delay_seconds",
						"vigie_retired_delay_seconds" };
	static const char *const three[] = { "vigie_delay_seconds",
					     "vigie_retired_delay_seconds",
					     "vigie_process_run_queue_wait_seconds",
					     "vigie_time_slice_seconds",
					     "vigie_process_off_cpu_seconds",
					     "vigie_self_run_delay_corrected_seconds" };
	encode_fn *const formats[] = { as_openmetrics, as_text };
	int i;

	for (i = 0; i < 2; i++) {
		encode(formats[i], 0, all);
		encode(formats[i], VIGIE_SHED_CULPRITS, some);
		check_lines(culprits, 2);
		encode(formats[i], VIGIE_SHED_CULPRITS | VIGIE_SHED_HISTOGRAMS, some);
		check_lines(three, 4);
		encode(formats[i], 7, some);
		check_lines(three, 5);
		/* Nobody corrects waits: how much was, is of before. The wait itself is the kernel's. */
		encode(formats[i], 15, some);
		check_lines(three, 6);
	}
}

static unsigned int count(const char *text, const char *word)
{
	unsigned int n = 0;

	while ((text = strstr(text, word))) {
		text += strlen(word);
		n++;
	}
	return n;
}

static void json_has_null(void **state)
{
	unsigned int n;

	encode(as_json, 0, all);
	encode(as_json, 7, some);
	n = count(all, "\"run_queue_wait_histogram\":[");
	assert_true(n > 1);
	assert_int_equal(count(some, "\"run_queue_wait_histogram\":null"), n);
	assert_int_equal(count(some, "\"off_cpu_seconds\":{\"sleep\":null,\"disk\":null,"
				     "\"memory\":null,\"uninterruptible\":null}"),
			 n);
	assert_int_equal(count(some, "\"run_queue_wait_seconds\":null"), 0);
	assert_int_equal(count(some, "\"delays\":null,"), 1);
	assert_int_equal(count(some, "\"delays_other_seconds\":null,"), 1);
	assert_int_equal(count(all, "\"shed\":[]"), 1);
	assert_int_equal(count(some, "\"shed\":[\"culprits\",\"histograms\",\"off_cpu\"]"), 1);
}

static void csv_has_empty_cells(void **state)
{
	encode(as_csv, 0, all);
	encode(as_csv, 7, some);
	assert_int_equal(count(all, ",,,,,"), 0);
	/* Four reasons in a row, in each line but the head. */
	assert_int_equal(count(some, ",,,,,"), count(some, "\r\n") - 1);
	assert_int_equal(count(some, "\r\n"), count(all, "\r\n"));
}

static void the_table_has_a_dash(void **state)
{
	encode(as_table, 0, all);
	assert_non_null(strstr(all, "slow waits (who waited"));
	encode(as_table, 7, some);
	assert_null(strstr(some, "slow waits (who waited"));
	assert_non_null(strstr(some, "slow waits were not looked for"));
	assert_true(count(some, "  - ") > count(all, "  - "));
}

/* A mean of waits of which some were not counted is none: the learned rule does not see it. */
static void a_window_with_a_gap_has_no_mean(void **state)
{
	const struct group_view *group = &fixture.view.groups[0];
	struct usage_window w;

	fixture.view.shed = 0;
	usage_window_begin(&w, &fixture.view);
	usage_window_add(&w, &fixture.view, group);
	assert_true(usage_window_knows(&w, DEPARTURE_WAIT));
	fixture.view.shed = VIGIE_SHED_CULPRITS;
	usage_window_add(&w, &fixture.view, group);
	assert_true(usage_window_knows(&w, DEPARTURE_WAIT));
	fixture.view.shed |= VIGIE_SHED_HISTOGRAMS;
	usage_window_add(&w, &fixture.view, group);
	fixture.view.shed = 0;
	usage_window_add(&w, &fixture.view, group);
	assert_false(usage_window_knows(&w, DEPARTURE_WAIT));
	assert_true(usage_window_knows(&w, DEPARTURE_CPU));
	usage_window_begin(&w, &fixture.view);
	assert_true(usage_window_knows(&w, DEPARTURE_WAIT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metrics_lose_their_families),
		cmocka_unit_test(json_has_null),
		cmocka_unit_test(csv_has_empty_cells),
		cmocka_unit_test(the_table_has_a_dash),
		cmocka_unit_test(a_window_with_a_gap_has_no_mean),
	};

	fixture_by_unit(&fixture);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
