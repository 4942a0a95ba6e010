// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_samples.c - the walk over samples, with a format that is not OpenMetrics.
 *
 * Owns: a visitor that writes `name{labels}|value` without knowing the table of families, and
 * what it must have in common with the page of metrics: each line, in the same order.
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
#include "detect/detect.h"
#include "export/formats.h"
#include "export/row.h"
#include "export/samples.h"

struct lines {
	struct buf out;
	const struct family *family; /* the last that was announced */
	unsigned int families, samples;
	bool cells_differ; /* own labels of one cell were not always the same */
	struct sample_label cells[SAMPLE_PARTS][SAMPLE_CELLS_MAX];
	unsigned int histograms;
	__u64 last_bucket;
};

static void on_family(void *to, const struct family *family)
{
	struct lines *lines = to;

	memset(lines->cells, 0, sizeof(lines->cells));
	lines->family = family;
	lines->families++;
}

static void write_value(struct buf *out, const struct sample *s)
{
	if (s->kind == FAMILY_SECONDS)
		buf_printf(out, "%llu.%09llu", s->value / 1000000000, s->value % 1000000000);
	else if (s->kind == FAMILY_HUNDREDTHS)
		buf_printf(out, "%llu.%02llu", s->value / 100, s->value % 100);
	else
		buf_printf(out, "%llu", s->value);
}

static void write_line(struct buf *out, const struct sample *s)
{
	static const char *const suffixes[] = {
		[SAMPLE_BUCKET] = "_bucket", [SAMPLE_COUNT] = "_count", [SAMPLE_SUM] = "_sum"
	};
	unsigned int i;

	buf_str(out, s->family->name);
	buf_str(out, s->part == SAMPLE_VALUE ? family_suffix(s->family) : suffixes[s->part]);
	for (i = 0; i < s->nlabels; i++) {
		const char *at = s->labels[i].value;

		buf_printf(out, "%c%s=\"", i ? ',' : '{', s->labels[i].name);
		for (; *at; at++)
			buf_printf(out, strchr("\"\\", *at) ? "\\%c" : "%c", *at);
		buf_char(out, '"');
	}
	buf_str(out, s->nlabels ? "} " : " ");
	write_value(out, s);
	buf_char(out, '\n');
}

/* What samples.h promises to encoders that keep pieces of earlier samples. */
static void check_cell(struct lines *lines, const struct sample *s)
{
	const struct sample_label *own = &s->labels[s->ngroup_labels];
	struct sample_label *kept;

	assert_in_range(s->cell + 1, 0, SAMPLE_CELLS_MAX);
	if (s->cell < 0)
		return;
	assert_in_range(s->nlabels - s->ngroup_labels, 0, 1);
	if (s->nlabels == s->ngroup_labels)
		return;
	kept = &lines->cells[s->part][s->cell];
	if (!kept->name)
		*kept = *own;
	lines->cells_differ |= strcmp(kept->name, own->name) || strcmp(kept->value, own->value);
}

/* A format that takes a histogram as one has all of it at its sum. */
static void check_histogram(struct lines *lines, const struct sample *s)
{
	__u64 sum = 0;
	int i;

	assert_int_equal(!!s->counts, s->family->type == FAMILY_HISTOGRAM);
	assert_int_equal(!!s->counts, s->part != SAMPLE_VALUE);
	if (s->part == SAMPLE_BUCKET)
		lines->last_bucket = s->value;
	if (s->part == SAMPLE_COUNT) {
		for (i = 0; i < VIGIE_BUCKETS; i++)
			sum += s->counts[i];
		assert_int_equal(sum, s->value);
		assert_int_equal(sum, lines->last_bucket);
	}
	lines->histograms += s->part == SAMPLE_SUM;
}

static void on_sample(void *to, const struct sample *s)
{
	struct lines *lines = to;
	unsigned int i;

	assert_ptr_equal(s->family, lines->family);
	for (i = 0; i < s->nlabels; i++)
		assert_true(*s->labels[i].name && *s->labels[i].value);
	assert_int_not_equal(s->kind, FAMILY_COUNT32);
	check_cell(lines, s);
	check_histogram(lines, s);
	write_line(&lines->out, s);
	lines->samples++;
}

static void walk(struct lines *lines, const struct view *view, const struct self_view *self)
{
	const struct encode_ctx ctx = { .view = view, .self = self };
	const struct sample_visitor visitor = { lines, on_family, on_sample };

	memset(lines, 0, sizeof(*lines));
	buf_init(&lines->out, 1 << 20);
	samples_walk(&ctx, &visitor);
	assert_int_equal(lines->out.err, 0);
	assert_false(lines->cells_differ);
}

/* The page without its metadata; in place. Returns how many families it announces. */
static unsigned int strip_metadata(struct buf *page)
{
	char *from = page->data, *to = page->data, *end = page->data + page->len;
	unsigned int announced = 0;

	while (from < end) {
		char *next = (char *)memchr(from, '\n', end - from) + 1;

		announced += !strncmp(from, "# TYPE ", 7);
		if (*from != '#') {
			memmove(to, from, next - from);
			to += next - from;
		}
		from = next;
	}
	page->len = to - page->data;
	return announced;
}

static void compare(const struct view *view, const struct self_view *self)
{
	unsigned int announced, newlines = 0;
	struct lines lines;
	struct buf page;
	size_t i;

	walk(&lines, view, self);
	buf_init(&page, 1 << 20);
	openmetrics_encode(&page, view, self, OM_OPENMETRICS_1_0);
	assert_int_equal(page.err, 0);
	announced = strip_metadata(&page);
	for (i = 0; i < page.len; i++)
		newlines += page.data[i] == '\n';
	assert_int_equal(announced, lines.families);
	assert_int_equal(newlines, lines.samples);
	assert_true(lines.samples > 100 && lines.families > 10);
	assert_int_equal(page.len, lines.out.len);
	assert_memory_equal(page.data, lines.out.data, page.len);
	buf_done(&page);
	buf_done(&lines.out);
}

static void another_format_has_the_same_samples(void **state)
{
	struct self_rule rows[] = { { "cpu-starved", 3, 1 }, { "oom", 2, 0 } };
	struct fixture f;

	(void)state;
	fixture_by_unit(&f);
	f.self.rules = rows;
	f.self.nrules = 2;
	compare(&f.view, &f.self);
	compare(&f.view, NULL);
	fixture_by_pid(&f);
	compare(&f.view, &f.self);
}

/* --format and the server read one table; what it makes are the encoders' own bytes. */
static void formats_are_found_by_name(void **state)
{
	static const struct list_options options = { .sort = SORT_CPU };
	const char *known = "table, json, openmetrics, csv or findings";
	struct buf out, want;
	struct fixture f;
	unsigned int i;

	(void)state;
	fixture_by_unit(&f);
	buf_init(&out, 1 << 20);
	buf_init(&want, 1 << 20);
	assert_int_equal(view_format_by_name("csv"), VIEW_CSV);
	assert_int_equal(view_format_by_name("openmetrics"), VIEW_OPENMETRICS);
	assert_int_equal(view_format_by_name("prometheus"), VIEW_FORMATS);
	assert_int_equal(view_format_by_name(""), VIEW_FORMATS);
	view_formats_list(&out, "findings");
	assert_int_equal(out.len, strlen(known));
	assert_memory_equal(out.data, known, out.len);
	for (i = 0; i < VIEW_FORMATS; i++) {
		const struct encode_ctx ctx = { &out, &f.view, &f.self, &options, NULL };

		buf_clear(&out);
		assert_true(view_formats[i].name && view_formats[i].encode);
		view_formats[i].encode(&ctx);
		assert_true(!out.err && out.len > 1000);
	}
	openmetrics_encode(&want, &f.view, &f.self, OM_TEXT_0_0_4);
	assert_int_equal(out.len, want.len); /* the last is Prometheus' */
	assert_memory_equal(out.data, want.data, out.len);
	buf_done(&out);
	buf_done(&want);
}

/* Each group and the other has one, and the host's time slices are one. */
static void a_histogram_ends_with_its_sum(void **state)
{
	struct lines lines;
	struct fixture f;

	(void)state;
	fixture_by_unit(&f);
	walk(&lines, &f.view, NULL);
	assert_int_equal(lines.histograms, f.view.ngroups + 2);
	buf_done(&lines.out);
}

/* A sum without a wait that ended is no empty histogram, and the other always has one. */
static void an_empty_histogram_is_left_out(void **state)
{
	struct group_view groups[3];
	struct lines lines;
	struct fixture f;

	(void)state;
	fixture_by_unit(&f);
	memcpy(groups, f.view.groups, sizeof(groups));
	memset(&groups[0].total, 0, sizeof(groups[0].total));
	memset(&groups[1].total, 0, sizeof(groups[1].total));
	groups[1].total.wait_ns = 1;
	memset(&groups[2].total, 0, sizeof(groups[2].total));
	groups[2].total.wait_count[VIGIE_BUCKETS - 1] = 1;
	memset(&f.view.other.total, 0, sizeof(f.view.other.total));
	f.view.groups = groups;
	f.view.ngroups = 3;
	walk(&lines, &f.view, NULL);
	assert_int_equal(lines.histograms, 2 + 2);
	buf_done(&lines.out);
}

/* Samples with each value from FIRST on; each word of the two structs has one of its own. */
enum { FIRST = 700000000 };
#define WORDS(type) (sizeof(struct type) / sizeof(__u64))
enum { SELF_WORDS = WORDS(self_writer) + WORDS(self_profiler) };

static void count_word(void *to, const struct sample *s)
{
	unsigned int *seen = to;

	if (s->value < FIRST || s->value >= FIRST + SELF_WORDS)
		return;
	assert_true(!strncmp(s->family->name, "vigie_self_", 11));
	seen[s->value - FIRST]++;
}

static void no_family(void *to, const struct family *family)
{
	(void)to;
	(void)family;
}

/* What the writer and the profiler count is sent as it is: no word may miss its sample. */
static void each_counter_of_a_process_has_a_sample(void **state)
{
	unsigned int seen[SELF_WORDS] = { 0 }, i;
	const struct sample_visitor visitor = { seen, no_family, count_word };
	struct encode_ctx ctx;
	struct fixture f;

	(void)state;
	fixture_by_unit(&f);
	for (i = 0; i < WORDS(self_writer); i++)
		((__u64 *)&f.self.writer)[i] = FIRST + i;
	for (; i < SELF_WORDS; i++)
		((__u64 *)&f.self.profiler)[i - WORDS(self_writer)] = FIRST + i;
	ctx = (struct encode_ctx){ .view = &f.view, .self = &f.self };
	samples_walk(&ctx, &visitor);
	for (i = 0; i < SELF_WORDS; i++)
		assert_int_equal(seen[i], 1);
}

static const struct family *family_named(const char *name)
{
	unsigned int i;

	for (i = 0; i < nfamilies; i++)
		if (!strcmp(families[i].name, name))
			return &families[i];
	fail_msg("no family %s", name);
	return NULL;
}

/* Cells are what the label says, one for each value of the enum and in its order. */
static void assert_labels(const char *name, size_t offset, const char *const *labels,
			  unsigned int n)
{
	const struct family *family = family_named(name);
	unsigned int i, j;

	assert_int_equal(family->ncells, n);
	for (i = 0; i < n; i++) {
		assert_true(labels[i] && *labels[i]);
		assert_string_equal(family->cells[i].label, labels[i]);
		assert_int_equal(family->cells[i].offset, offset + i * sizeof(__u64));
		for (j = 0; j < i; j++)
			assert_string_not_equal(labels[i], labels[j]);
	}
}

static void causes_and_outcomes_have_their_labels(void **state)
{
	/* By hand, in the order of the enums: scrapers know these names. */
	static const char *const causes[] = {
		[WRITER_LOST_QUEUE] = "queue_full",    [WRITER_LOST_NO_SPACE] = "no_space",
		[WRITER_LOST_READ_ONLY] = "read_only", [WRITER_LOST_IO] = "io_error",
		[WRITER_LOST_NOT_KEY] = "no_key",
	};
	static const char *const outcomes[] = {
		[PROFILER_CAPTURED] = "captured", [PROFILER_BUSY] = "busy",
		[PROFILER_LIMITED] = "limited",	  [PROFILER_GONE] = "gone",
		[PROFILER_FAILED] = "failed",
	};

	(void)state;
	assert_int_equal(sizeof(causes) / sizeof(causes[0]), WRITER_LOSSES);
	assert_int_equal(sizeof(outcomes) / sizeof(outcomes[0]), PROFILER_OUTCOMES);
	assert_labels("vigie_self_recording_lost", offsetof(struct self_view, writer.entries_lost),
		      causes, WRITER_LOSSES);
	assert_labels("vigie_self_captures", offsetof(struct self_view, profiler.captures),
		      outcomes, PROFILER_OUTCOMES);
}

/* The page's list of rules must not be cut without a word. */
static void the_page_has_room_for_all_rules(void **state)
{
	const struct rule *rules;
	size_t n, i;

	(void)state;
	rules = detect_rules(&n);
	assert_in_range(n, 1, SELF_RULES_MAX);
	for (i = 0; i < n; i++)
		assert_true(rules[i].id && *rules[i].id);
}

/* A row is the interval's: what was used in it, and what is resident at its end. */
static void a_row_has_the_growth_and_the_gauges(void **state)
{
	static const struct row_cell cells[] = {
		{ "cpu_seconds", "system" },
		{ "run_queue_wait_seconds", NULL },
		{ "off_cpu_seconds", "disk" },
		{ "migrations", NULL },
		{ "read_chars", NULL },
		{ "resident_memory_bytes", "file" },
		{ "threads", NULL },
		{ "exits", "signal" },
		{ NULL, NULL },
	};
	struct row_layout layout = { 0 };
	struct group_view group;
	struct fixture f;
	struct row row;
	unsigned int i;

	(void)state;
	fixture_by_unit(&f);
	group = f.view.groups[0];
	memset(&group.total, 0xff, sizeof(group.total));
	group.inc.system_ns = 1;
	group.inc.wait_ns = 2;
	group.inc.off_ns[VIGIE_OFF_DISK] = 3;
	group.inc.migrations = 4;
	group.inc.read_chars = 5;
	group.rss_bytes[VIGIE_RSS_FILE] = 6;
	group.threads = 7;
	group.inc.exits[VIGIE_EXIT_SIGNAL] = 8;
	for (i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
		assert_int_equal(row_layout_add(&layout, &cells[i]), 0);
	row_fill(&row, &layout, &group);
	for (i = 0; i < layout.n; i++)
		assert_int_equal(row.values[i], cells[i].family ? i + 1 : 0);
	assert_ptr_equal(row.wait_counts, group.inc.wait_count);
	assert_int_equal(row_kind(&layout, 0), FAMILY_SECONDS);
	assert_int_equal(row_kind(&layout, 3), FAMILY_COUNT);
}

/* A row reads a counter's growth where its total stands, in inc: only what is in total has one. */
static void counters_of_groups_are_in_total(void **state)
{
	const size_t begin = offsetof(struct group_view, total);
	unsigned int i, c;

	(void)state;
	for (i = 0; i < nfamilies; i++)
		for (c = 0; c < families[i].ncells; c++)
			if (families[i].shape == FAMILY_OF_GROUPS &&
			    families[i].type == FAMILY_COUNTER)
				assert_in_range(families[i].cells[c].offset, begin,
						begin + sizeof(struct vigie_usage) - 1);
}

static void a_row_of_what_is_not_there_is_refused(void **state)
{
	static const struct row_cell wrong[] = { { "no_such_thing", NULL },
						 { "cpu_seconds", "nice" },
						 { "migrations", "up" } };
	struct row_layout layout = { 0 };
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(row_layout_add(&layout, &wrong[i]), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_format_has_the_same_samples),
		cmocka_unit_test(a_histogram_ends_with_its_sum),
		cmocka_unit_test(an_empty_histogram_is_left_out),
		cmocka_unit_test(formats_are_found_by_name),
		cmocka_unit_test(each_counter_of_a_process_has_a_sample),
		cmocka_unit_test(causes_and_outcomes_have_their_labels),
		cmocka_unit_test(the_page_has_room_for_all_rules),
		cmocka_unit_test(a_row_has_the_growth_and_the_gauges),
		cmocka_unit_test(counters_of_groups_are_in_total),
		cmocka_unit_test(a_row_of_what_is_not_there_is_refused),
	};

	return cmocka_run_group_tests_name("samples", tests, NULL, NULL);
}
