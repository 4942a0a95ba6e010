// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_profile_formats.c - report/: lines that are known, sums that agree, names that
 * break nothing. What other programs make of the formats is in tests/e2e.
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
#include <zlib.h>

#include "base/intern.h"
#include "base/varint.h"
#include "profile_made.h"
#include "report/formats.h"

enum { MAX_BYTES = 64 << 20, ALL_VIEWS = (1 << PROFILE_VIEWS) - 1 };

enum format { FOLDED, DIFF, PPROF, SPEEDSCOPE, JSON, TEXT, COMPARE, FORMATS };

static void encode(struct buf *out, enum format format, const struct profile *p,
		   const struct profile *before, unsigned int view)
{
	const struct profile_text_options text = { .colour = true };

	switch (format) {
	case FOLDED: profile_folded_encode(out, p, view, NULL); break;
	case DIFF: profile_folded_encode(out, p, view, before); break;
	case PPROF: profile_pprof_encode(out, p, ALL_VIEWS); break;
	case SPEEDSCOPE: profile_speedscope_encode(out, p, ALL_VIEWS); break;
	case JSON: profile_json_encode(out, p); break;
	case TEXT: profile_text_encode(out, p, NULL, &text); break;
	default: profile_text_encode(out, p, before, &text); break;
	}
}

/* As a text; free it. */
static char *text_of(enum format format, const struct profile *p, const struct profile *before,
		     unsigned int view)
{
	struct buf out;

	buf_init(&out, MAX_BYTES);
	encode(&out, format, p, before, view);
	buf_char(&out, '\0');
	assert_int_equal(out.err, 0);
	return out.data;
}

static __u64 total(const struct profile *p, unsigned int view)
{
	__u64 sum = 0;
	__u32 i;

	for (i = 0; i < p->nsamples; i++)
		sum += p->samples[i].view == view ? p->samples[i].value : 0;
	return sum;
}

/* --- Known lines: one process, one thread, every mark. */

struct small {
	struct made m;
	__u32 thread, main, inlined, kernel, jit;
};

static void small_init(struct small *s)
{
	struct profile_process process = { .pid = 7 };
	__u32 exe, at;

	s->m = (struct made){ .p = profile__new(MAX_BYTES) };
	assert_non_null(s->m.p);
	process.comm = made_string(&s->m, "a;b 1");
	assert_int_equal(profile_process(s->m.p, &process, &at), 0);
	s->thread = made_thread(&s->m, at, 7, "t");
	exe = made_module(&s->m, "/usr/bin/prog", "", 0);
	s->main = made_node(&s->m, 0, made_frame(&s->m, exe, 0, 1, "main", NULL, ""));
	s->inlined = made_node(&s->m, s->main, made_frame(&s->m, exe, 0, 2, "outer", "inner", ""));
	s->kernel = made_node(&s->m, s->main,
			      made_frame(&s->m, 0, PROFILE_FRAME_KERNEL, 0xf00, NULL, NULL, ""));
	s->jit = made_node(&s->m, s->main,
			   made_frame(&s->m, 0, PROFILE_FRAME_JIT, 3, "code", NULL, ""));
}

static void small_fill(struct small *s, __u64 scale)
{
	const __u32 party = made_party(&s->m, PROFILE_PARTY_PROCESS, 9, 0, "bully");

	made_add(&s->m, PROFILE_CPU, s->thread, s->inlined, 0, 1, 30 * scale);
	made_add(&s->m, PROFILE_CPU, s->thread, s->kernel, 0, 1, 20);
	made_add(&s->m, PROFILE_CPU, s->thread, s->jit, 0, 1, 10);
	made_add(&s->m, PROFILE_CPU, s->thread, s->main, 0, 5, 0);
	made_add(&s->m, PROFILE_OFF_CPU, s->thread, s->main, VIGIE_WAIT_MAJOR_FAULT, 1, 5);
	made_add(&s->m, PROFILE_OFF_CPU, s->thread, PROFILE_NONE, VIGIE_WAIT_LOCK, 1, 6);
	made_add(&s->m, PROFILE_RUN_QUEUE, s->thread, s->main, party, 1, 7);
	made_add(&s->m, PROFILE_FAULTS, s->thread, s->main, 0, 2, 8192);
	assert_int_equal(s->m.err, 0);
}

static void assert_folded(const struct profile *p, unsigned int view, const char *want)
{
	char *got = text_of(FOLDED, p, NULL, view);

	assert_string_equal(got, want);
	free(got);
}

static void test_folded_lines(void **state)
{
	struct small s;

	small_init(&s);
	small_fill(&s, 1);
	assert_folded(s.m.p, PROFILE_CPU,
		      "a:b_1;main;[kernel+0xf00]_[k] 20\n"
		      "a:b_1;main;code_[j] 10\n"
		      "a:b_1;main;outer;inner_[i] 30\n");
	assert_folded(s.m.p, PROFILE_OFF_CPU, "a:b_1;lock 6\na:b_1;major fault;main 5\n");
	assert_folded(s.m.p, PROFILE_RUN_QUEUE, "a:b_1;bully (9);main 7\n");
	assert_folded(s.m.p, PROFILE_WAKERS, "");
	assert_folded(s.m.p, PROFILE_FAULTS, "a:b_1;main 8192\n");
	profile__free(s.m.p);
}

static void test_folded_merges_threads(void **state)
{
	struct small s;

	small_init(&s);
	small_fill(&s, 1);
	made_add(&s.m, PROFILE_RUN_QUEUE, made_thread(&s.m, 0, 8, "u"), s.main, 0, 1, 4);
	assert_folded(s.m.p, PROFILE_RUN_QUEUE, "a:b_1;bully (9);main 11\n");
	profile__free(s.m.p);
}

static void test_folded_difference(void **state)
{
	struct small now, before;
	char *got;

	small_init(&now);
	small_fill(&now, 3);
	small_init(&before);
	small_fill(&before, 1);
	made_add(&before.m, PROFILE_CPU, before.thread, before.main, 0, 1, 2);
	got = text_of(DIFF, now.m.p, before.m.p, PROFILE_CPU);
	assert_string_equal(got, "a:b_1;main 2 0\n"
				 "a:b_1;main;[kernel+0xf00]_[k] 20 20\n"
				 "a:b_1;main;code_[j] 10 10\n"
				 "a:b_1;main;outer;inner_[i] 30 90\n");
	free(got);
	profile__free(now.m.p);
	profile__free(before.m.p);
}

/* --- Sums. */

static __u64 folded_total(const struct profile *p, unsigned int view)
{
	char *text = text_of(FOLDED, p, NULL, view), *line, *end;
	__u64 sum = 0;

	for (line = text; *line; line = end + 1) {
		end = strchr(line, '\n');
		assert_non_null(end);
		*end = '\0';
		assert_non_null(strrchr(line, ' '));
		sum += strtoull(strrchr(line, ' ') + 1, NULL, 10);
	}
	free(text);
	return sum;
}

static void gunzip(struct buf *to, const struct buf *from)
{
	z_stream z = { .next_in = (Bytef *)from->data, .avail_in = from->len };

	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	assert_non_null(buf_reserve(to, 1 << 20));
	z.next_out = (Bytef *)to->data;
	z.avail_out = to->cap;
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	to->len = z.total_out;
	inflateEnd(&z);
}

/* Adds the packed values (field 2) of a sample, the last of which is a reader's. */
static void add_values(struct varint_reader r, __u64 *sums)
{
	struct varint_reader values;
	__u64 key, len;
	int i;

	while (r.at < r.end && !r.err) {
		key = varint_get(&r);
		len = varint_get_max(&r, r.end - r.at);
		assert_int_equal(key & 7, 2);
		varint_reader_init(&values, r.at, len);
		for (i = 0; key >> 3 == 2 && values.at < values.end; i++)
			sums[i] += varint_get(&values);
		r.at += len;
	}
	assert_false(r.err);
}

static void pprof_sums(const struct profile *p, unsigned int views, __u64 sums[7])
{
	struct varint_reader r, sample;
	struct buf packed, plain;
	__u64 key, len;

	buf_init(&packed, MAX_BYTES);
	buf_init(&plain, MAX_BYTES);
	profile_pprof_encode(&packed, p, views);
	assert_int_equal(packed.err, 0);
	gunzip(&plain, &packed);
	varint_reader_init(&r, plain.data, plain.len);
	while (r.at < r.end && !r.err) {
		key = varint_get(&r);
		len = varint_get(&r);
		if ((key & 7) == 0)
			continue;
		assert_true(len <= (size_t)(r.end - r.at));
		varint_reader_init(&sample, r.at, len);
		if (key >> 3 == 2)
			add_values(sample, sums);
		r.at += len;
	}
	assert_false(r.err);
	buf_done(&packed);
	buf_done(&plain);
}

/* The sum of all weights from each view's first profile, which has all threads. */
static __u64 speedscope_total(const char *json, const char *view)
{
	char name[64];
	const char *at;
	char *end;
	__u64 sum = 0;

	snprintf(name, sizeof(name), "\"name\":\"%s: all threads\"", view);
	at = strstr(json, name);
	assert_non_null(at);
	at = strstr(at, "\"weights\":[");
	assert_non_null(at);
	for (at += strlen("\"weights\":["); *at != ']'; at = *end == ',' ? end + 1 : end)
		sum += strtoull(at, &end, 10);
	return sum;
}

static __u64 json_total(const char *json, const char *view)
{
	char name[64];
	const char *at;
	char *end;
	__u64 sum = 0;

	snprintf(name, sizeof(name), "{\"view\":\"%s\"", view);
	for (at = strstr(json, name); at; at = strstr(at + 1, name)) {
		const char *value = strstr(at, strcmp(view, "faults") ? "\"ns\":" : "\"bytes\":");

		assert_non_null(value);
		sum += strtoull(strchr(value, ':') + 1, &end, 10);
	}
	return sum;
}

static void test_totals_agree(void **state)
{
	static const unsigned int column[PROFILE_VIEWS] = { 1, 2, 3, 4, 6 };
	struct made m = made_profile(5, MAX_BYTES);
	char *json = text_of(JSON, m.p, NULL, 0), *scope = text_of(SPEEDSCOPE, m.p, NULL, 0);
	__u64 sums[7] = { 0 }, want;
	unsigned int view;

	assert_int_equal(m.err, 0);
	pprof_sums(m.p, ALL_VIEWS, sums);
	for (view = 0; view < PROFILE_VIEWS; view++) {
		want = total(m.p, view);
		assert_true(want > 0);
		assert_int_equal(folded_total(m.p, view), want);
		assert_int_equal(sums[column[view]], want);
		assert_int_equal(speedscope_total(scope, profile_view_name(view)), want);
		assert_int_equal(json_total(json, profile_view_name(view)), want);
	}
	free(json);
	free(scope);
	profile__free(m.p);
}

static void test_pprof_only_what_was_asked(void **state)
{
	struct made m = made_profile(5, MAX_BYTES);
	__u64 sums[7] = { 0 };

	pprof_sums(m.p, 1 << PROFILE_OFF_CPU, sums);
	assert_int_equal(sums[0], total(m.p, PROFILE_OFF_CPU));
	assert_int_equal(sums[1], 0);
	profile__free(m.p);
}

/* --- All formats. */

static void test_same_bytes_again(void **state)
{
	struct made a = made_profile(9, MAX_BYTES), b = made_profile(9, MAX_BYTES);
	struct buf one, two;
	int format;

	buf_init(&one, MAX_BYTES);
	buf_init(&two, MAX_BYTES);
	for (format = 0; format < FORMATS; format++) {
		buf_clear(&one);
		buf_clear(&two);
		encode(&one, format, a.p, b.p, PROFILE_CPU);
		encode(&two, format, b.p, a.p, PROFILE_CPU);
		assert_int_equal(one.err, 0);
		assert_true(one.len > 0);
		assert_int_equal(one.len, two.len);
		assert_memory_equal(one.data, two.data, one.len);
	}
	buf_done(&one);
	buf_done(&two);
	profile__free(a.p);
	profile__free(b.p);
}

/* What is hostile in a name reaches no format: one line is one line, and there is no escape. */
static void test_hostile_names(void **state)
{
	struct made m = made_profile(3, MAX_BYTES);
	const enum format texts[] = { FOLDED, SPEEDSCOPE, JSON };
	const unsigned char *at;
	unsigned int i;
	char *text;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		text = text_of(texts[i], m.p, NULL, PROFILE_CPU);
		for (at = (unsigned char *)text; *at; at++)
			assert_true(*at == '\n' || (*at >= 0x20 && *at < 0xf5));
		assert_null(strstr(text, "\xe2\x80\xae"));
		assert_non_null(strstr(text, texts[i] == FOLDED ? "x\\x0ay_5" : "x\\\\x0ay 5"));
		free(text);
	}
	profile__free(m.p);
}

/* A name too long is cut, and two such names stay two. */
static void test_long_names(void **state)
{
	struct small s;
	char name[5000], *text, *newline;
	__u32 i;

	small_init(&s);
	for (i = 0; i < 2; i++) {
		memset(name, 'n', sizeof(name) - 2);
		name[sizeof(name) - 2] = '0' + i;
		name[sizeof(name) - 1] = '\0';
		made_add(&s.m, PROFILE_CPU, s.thread,
			 made_node(&s.m, s.main, made_frame(&s.m, 1, 0, 100 + i, name, NULL, "")),
			 0, 1, 1);
	}
	text = text_of(FOLDED, s.m.p, NULL, PROFILE_CPU);
	newline = strchr(text, '\n');
	assert_non_null(newline);
	assert_true(newline - text < 1100);
	assert_non_null(strchr(newline + 1, '\n'));
	free(text);
	text = text_of(TEXT, s.m.p, NULL, 0);
	free(text);
	profile__free(s.m.p);
}

static void test_empty(void **state)
{
	struct profile *p = profile__new(MAX_BYTES);
	__u64 sums[7] = { 0 };
	char *text;
	int format;

	for (format = 0; format < FORMATS; format++) {
		struct buf out;

		buf_init(&out, MAX_BYTES);
		encode(&out, format, p, p, PROFILE_CPU);
		assert_int_equal(out.err, 0);
		assert_int_equal(out.len == 0, format == FOLDED || format == DIFF);
		buf_done(&out);
	}
	pprof_sums(p, ALL_VIEWS, sums);
	pprof_sums(p, 0, sums);
	assert_int_equal(sums[1], 0);
	text = text_of(TEXT, p, NULL, 0);
	assert_null(strstr(text, "nan"));
	free(text);
	profile__free(p);
}

/* A profile that was full before it was whole is encoded as far as it goes. */
static void test_profile_without_space(void **state)
{
	unsigned int failed = 0, format;
	size_t bytes;

	for (bytes = 1 << 12; bytes < 1 << 17; bytes += 1 << 12) {
		struct made m = made_profile(4, bytes);

		if (!m.p)
			continue;
		assert_true(m.err == 0 || m.err == -ENOSPC);
		failed += m.err != 0;
		for (format = 0; format < FORMATS; format++) {
			struct buf out;

			buf_init(&out, MAX_BYTES);
			encode(&out, format, m.p, m.p, PROFILE_CPU);
			assert_int_equal(out.err, 0);
			buf_done(&out);
		}
		profile__free(m.p);
	}
	assert_true(failed > 0);
}

/* An output that is full is an error whichever byte it was that did not fit. */
static void test_output_without_space(void **state)
{
	struct made m = made_profile(4, MAX_BYTES);
	unsigned int format;
	size_t max, len;

	for (format = 0; format < FORMATS; format++) {
		struct buf out;

		buf_init(&out, MAX_BYTES);
		encode(&out, format, m.p, m.p, PROFILE_CPU);
		len = out.len;
		buf_done(&out);
		for (max = 1; max < len; max = max * 3 / 2 + 1) {
			buf_init(&out, max);
			encode(&out, format, m.p, m.p, PROFILE_CPU);
			assert_int_equal(out.err, -E2BIG);
			buf_done(&out);
		}
	}
	profile__free(m.p);
}

/* --- The summary. */

static void test_text_says_what_matters(void **state)
{
	struct made m = made_profile(1, MAX_BYTES);
	char *text = text_of(TEXT, m.p, NULL, 0);
	const char *const want[] = { "searchd (4242)",
				     "99 Hz",
				     "5 threads of 2 processes",
				     "lock ",
				     "score_document [searchd]",
				     "parse_query > pthread_mutex_lock",
				     "main > epoll_wait",
				     "backup;all (77)",
				     "feeder (4242/4243)",
				     "3 lost",
				     "12 truncated",
				     "9 no unwind information",
				     "interrupted" };
	unsigned int i;

	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		if (!strstr(text, want[i]))
			fail_msg("'%s' is not in:\n%s", want[i], text);
	free(text);
	profile__free(m.p);
}

static size_t longest_line(const char *text, unsigned int *ret_lines)
{
	size_t longest = 0, columns = 0;

	for (*ret_lines = 0; *text; text++) {
		if (*text == '\n') {
			++*ret_lines;
			columns = 0;
		} else if ((*text & 0xc0) != 0x80) {
			columns++;
		}
		longest = columns > longest ? columns : longest;
	}
	return longest;
}

static void test_text_fits_a_screen(void **state)
{
	struct made m = made_profile(1, MAX_BYTES), before = made_profile(2, MAX_BYTES);
	unsigned int width, compare, lines;
	struct buf out;

	buf_init(&out, MAX_BYTES);
	for (width = 1; width < 240; width += 7)
		for (compare = 0; compare < 2; compare++) {
			const struct profile_text_options o = { .width = width };

			buf_clear(&out);
			profile_text_encode(&out, m.p, compare ? before.p : NULL, &o);
			buf_char(&out, '\0');
			assert_int_equal(out.err, 0);
			assert_true(longest_line(out.data, &lines) <= (width < 60 ? 60 : width));
			assert_in_range(lines, 24, 50);
		}
	buf_done(&out);
	profile__free(m.p);
	profile__free(before.p);
}

static void test_text_growth(void **state)
{
	struct small now, before;
	char *text;

	small_init(&now);
	small_fill(&now, 3); /* inner: 90 of 120 */
	small_init(&before);
	small_fill(&before, 1); /* 30 of 60 */
	text = text_of(COMPARE, now.m.p, before.m.p, 0);
	assert_non_null(strstr(text, "+25.0  inner [prog]"));
	assert_non_null(strstr(text, "-16.7  [kernel+0xf00]"));
	assert_non_null(strstr(text, "-8.3  code"));
	free(text);
	profile__free(now.m.p);
	profile__free(before.m.p);
}

/* A function that calls itself is in a stack once. */
static void test_text_recursion(void **state)
{
	struct small s;
	__u32 again;
	char *text;

	small_init(&s);
	again = made_node(&s.m, s.main, s.m.p->nodes[s.main].frame);
	made_add(&s.m, PROFILE_CPU, s.thread, again, 0, 1, 50);
	made_add(&s.m, PROFILE_CPU, s.thread, s.jit, 0, 1, 50);
	text = text_of(TEXT, s.m.p, NULL, 0);
	assert_non_null(strstr(text, "100.0%  main [prog]"));
	assert_non_null(strstr(text, "50.0%  main [prog]"));
	free(text);
	profile__free(s.m.p);
}

/* Two lines of one frame: each format says where the function is, and which line was hot. */
static void test_source_places(void **state)
{
	static const struct {
		enum format format;
		const char *want;
	} wants[] = {
		{ JSON, "\"inner\",\"kind\":\"native\",\"named\":true,\"inlined\":true" },
		{ JSON, "\"file\":\"/src/a<b>.c\",\"line\":7,\"function_line\":5}" },
		{ JSON, "\"file\":\"/src/a<b>.c\",\"line\":42,\"function_line\":40}" },
		{ JSON, "\"lines_wanted\":9,\"lines_looked_at\":4,\"lines_found\":2" },
		{ SPEEDSCOPE, "\"name\":\"inner\",\"file\":\"/src/a<b>.c\",\"line\":5}" },
		{ SPEEDSCOPE, "\"name\":\"outer\",\"file\":\"/src/a<b>.c\",\"line\":40}" },
		{ TEXT, "inlines     4 of 9 addresses looked at; 2 have source lines" },
		{ TEXT, "inner [prog]" },
	};
	struct small s;
	char *text;
	size_t i;

	small_init(&s);
	made_add(&s.m, PROFILE_CPU, s.thread,
		 made_node(&s.m, s.main,
			   made_frame(&s.m, 1, 0, 0x77, "outer", "inner", "/src/a<b>.c")),
		 0, 1, 50);
	s.m.p->quality.lines_wanted = 9;
	s.m.p->quality.lines_looked = 4;
	s.m.p->quality.lines_found = 2;
	for (i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
		text = text_of(wants[i].format, s.m.p, NULL, 0);
		if (!strstr(text, wants[i].want))
			fail_msg("not there: %s\nin: %s", wants[i].want, text);
		free(text);
	}
	profile__free(s.m.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_folded_lines),
		cmocka_unit_test(test_folded_merges_threads),
		cmocka_unit_test(test_folded_difference),
		cmocka_unit_test(test_totals_agree),
		cmocka_unit_test(test_pprof_only_what_was_asked),
		cmocka_unit_test(test_same_bytes_again),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_profile_without_space),
		cmocka_unit_test(test_output_without_space),
		cmocka_unit_test(test_text_says_what_matters),
		cmocka_unit_test(test_text_fits_a_screen),
		cmocka_unit_test(test_text_growth),
		cmocka_unit_test(test_text_recursion),
		cmocka_unit_test(test_source_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
