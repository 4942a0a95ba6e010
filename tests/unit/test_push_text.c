// SPDX-License-Identifier: GPL-2.0-only
/* test_push_text.c - a page as InfluxDB lines and as Graphite lines: names that are traps, bounds. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "push/encode.h"

#define END "# EOF\n"
#define TIME_NS 1700000000123456789ULL

struct bodies {
	struct buf text; /* of all */
	unsigned int n, points;
	size_t longest;
	int err; /* what to answer */
};

static int take(void *ctx, const void *data, size_t len, unsigned int points)
{
	struct bodies *to = ctx;

	assert_true(len && points);
	assert_int_equal(((const char *)data)[len - 1], '\n');
	buf_add(&to->text, data, len);
	to->n++;
	to->points += points;
	to->longest = len > to->longest ? len : to->longest;
	return to->err;
}

static struct push_encoder *make(enum push_format format, size_t body_max, size_t series_max)
{
	const struct push_encoder_config config = { .format = format,
						    .body_max = body_max,
						    .series_max = series_max,
						    .prefix = "vigie",
						    .identity = { "lab.example", "id", "i", "1" } };
	struct push_encoder *encoder = NULL;

	assert_int_equal(push_encoder__new(&config, &encoder), 0);
	return encoder;
}

static int encode(struct push_encoder *encoder, const char *text, struct bodies *ret)
{
	char *copy = strdup(text);
	struct page page = { 0 };
	size_t line;
	int err;

	assert_non_null(copy);
	assert_int_equal(page_parse(&page, copy, strlen(copy), &line), 0);
	buf_clear(&ret->text);
	ret->n = ret->points = 0;
	ret->longest = 0;
	err = push_encoder__page(encoder, &page, TIME_NS, 1, take, ret);
	buf_char(&ret->text, '\0');
	page_done(&page);
	free(copy);
	return err;
}

static void expect(enum push_format format, const char *page, const char *want)
{
	struct push_encoder *encoder = make(format, 1 << 20, 0);
	struct bodies got = { 0 };

	buf_init(&got.text, 1 << 24);
	assert_int_equal(encode(encoder, page, &got), 0);
	assert_string_equal(got.text.data, want);
	assert_int_equal(push_encoder__skipped(encoder), 0);
	buf_done(&got.text);
	push_encoder__free(encoder);
}

static void influx_lines(void **state)
{
	(void)state;
	/* Tags by name, the host among them; floats only, exact. */
	expect(PUSH_INFLUX,
	       "# TYPE a_seconds counter\na_seconds_total{unit=\"u\",comm=\"c\"} 411786.355076387\n"
	       "# TYPE g gauge\ng 5\n# TYPE i info\ni_info{x=\"y\"} 1\n" END,
	       "a_seconds_total,comm=c,host=lab.example,unit=u value=411786.355076387 1700000000123456789\n"
	       "g,host=lab.example value=5 1700000000123456789\n"
	       "i_info,host=lab.example,x=y value=1 1700000000123456789\n");
	expect(PUSH_INFLUX,
	       "# TYPE h histogram\nh_bucket{c=\"d\",le=\"1e-06\"} 1\nh_bucket{c=\"d\",le=\"+Inf\"} 3\n"
	       "h_count{c=\"d\"} 3\nh_sum{c=\"d\"} 0.5\n" END,
	       "h,c=d,host=lab.example 1e-06=1,+Inf=3,count=3,sum=0.5 1700000000123456789\n");
}

static void influx_names(void **state)
{
	(void)state;
	expect(PUSH_INFLUX, "# TYPE g gauge\ng{host=\"a\",time=\"b\",comm=\"\"} 1\n" END,
	       "g,host=lab.example,exported_host=a,exported_time=b value=1 1700000000123456789\n");
	expect(PUSH_INFLUX, "# TYPE g gauge\ng{comm=\"a b,c=d\"} 1\ng{comm=\"a\\\\b\"} 2\n" END,
	       "g,comm=a\\ b\\,c\\=d,host=lab.example value=1 1700000000123456789\n"
	       "g,comm=a\\b,host=lab.example value=2 1700000000123456789\n");
}

/* What cannot be written: replaced, and still another name than any other. */
static void influx_traps(void **state)
{
	static const char page[] =
		"# TYPE g gauge\ng{c=\"a\\\\\"} 1\ng{c=\"a_\"} 2\ng{c=\"a\\n\"} 3\ng{c=\"a\\\\ b\"} 4\n"
		"g{c=\"a\\\\\\\\b\"} 5\ng{c=\"a\\nevil v=1\"} 6\n" END;
	struct push_encoder *encoder = make(PUSH_INFLUX, 1 << 20, 0);
	struct bodies got = { 0 };
	char *names[6], *at, *end;
	int i, k;

	(void)state;
	buf_init(&got.text, 1 << 20);
	assert_int_equal(encode(encoder, page, &got), 0);
	assert_int_equal(got.points, 6);
	for (at = got.text.data, i = 0; *at; at = end + 1, i++) {
		end = strchr(at, '\n');
		assert_non_null(end);
		*end = '\0';
		assert_true(i < 6);
		assert_memory_equal(at, "g,c=a", 5);
		names[i] = at;
		assert_null(strstr(at, "\\,"));
		*strstr(at, ",host=") = '\0';
		for (k = 0; k < i; k++)
			assert_string_not_equal(names[k], names[i]);
	}
	assert_int_equal(i, 6);
	assert_memory_equal(names[0], "g,c=a_~", 7);
	assert_string_equal(names[1], "g,c=a_");
	buf_done(&got.text);
	push_encoder__free(encoder);
}

static void bodies_end_between_points(void **state)
{
	static const char page[] = "# TYPE g gauge\ng{c=\"1\"} 1\ng{c=\"2\"} 2\ng{c=\"3\"} 3\n" END;
	size_t line = strlen("g,c=1,host=lab.example value=1 1700000000123456789\n");
	static const unsigned int want[][3] = { { 3, 1, 0 }, { 2, 2, 0 }, { 1, 3, 0 } };
	struct bodies got = { 0 }, whole = { 0 };
	struct push_encoder *encoder;
	unsigned int i;

	(void)state;
	buf_init(&got.text, 1 << 20);
	buf_init(&whole.text, 1 << 20);
	encoder = make(PUSH_INFLUX, 1 << 20, 0);
	assert_int_equal(encode(encoder, page, &whole), 0);
	push_encoder__free(encoder);
	for (i = 0; i < 3; i++) {
		encoder = make(PUSH_INFLUX, want[i][0] * line, 0);
		assert_int_equal(encode(encoder, page, &got), 0);
		assert_int_equal(got.n, want[i][1]);
		assert_int_equal(got.points, 3);
		assert_true(got.longest <= want[i][0] * line);
		assert_string_equal(got.text.data, whole.text.data);
		assert_int_equal(push_encoder__skipped(encoder), 0);
		push_encoder__free(encoder);
	}
	encoder = make(PUSH_INFLUX, line - 1, 0);
	assert_int_equal(encode(encoder, page, &got), 0);
	assert_int_equal(got.n, 0);
	assert_int_equal(push_encoder__skipped(encoder), 3);
	push_encoder__free(encoder);
	encoder = make(PUSH_INFLUX, line, 0);
	got.err = -ECANCELED;
	assert_int_equal(encode(encoder, page, &got), -ECANCELED);
	assert_int_equal(got.n, 1);
	push_encoder__free(encoder);
	buf_done(&got.text);
	buf_done(&whole.text);
}

static void graphite_lines(void **state)
{
	(void)state;
	expect(PUSH_GRAPHITE,
	       "# TYPE a_seconds counter\na_seconds_total{unit=\"u.service\",comm=\"c-1\"} 411786.355076387\n"
	       "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 3\nh_count 3\nh_sum 0.5\n"
	       "# TYPE i info\ni_info{x=\"y\"} 1\n" END,
	       "vigie.lab_example.a_seconds_total.u_service.c-1 411786.355076387 1700000000\n"
	       "vigie.lab_example.h_count 3 1700000000\nvigie.lab_example.h_sum 0.5 1700000000\n");
}

/* Alike but for dots: one path, one line. */
static void graphite_sums(void **state)
{
	(void)state;
	expect(PUSH_GRAPHITE,
	       "# TYPE g gauge\ng{u=\"a.b\"} 1.5\ng{u=\"c\"} 7\ng{u=\"a_b\"} 2\n" END,
	       "vigie.lab_example.g.a_b 3.5 1700000000\nvigie.lab_example.g.c 7 1700000000\n");
}

static void graphite_traps(void **state)
{
	static const char page[] =
		"# TYPE g gauge\ng{c=\"a b\"} 1\ng{c=\"a/b\"} 1\ng{c=\"a;t=v\"} 1\ng{c=\"\"} 1\n"
		"g{c=\"a_b\"} 1\ng{c=\"a\\nb 1 1\"} 1\ng{c=\"\xc3\xa9\"} 1\ng{c=\"\xc3\xa8\"} 1\n" END;
	struct push_encoder *encoder = make(PUSH_GRAPHITE, 1 << 20, 0);
	struct bodies got = { 0 };
	unsigned int lines = 0;
	char *at;

	(void)state;
	buf_init(&got.text, 1 << 20);
	assert_int_equal(encode(encoder, page, &got), 0);
	assert_int_equal(got.points, 8);
	for (at = got.text.data; *at; lines++) {
		size_t path = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789_-.");

		assert_memory_equal(at + path, " 1 1700000000\n", 14);
		assert_true(at[path - 1] != '.');
		at += path + 14;
	}
	assert_int_equal(lines, 8);
	buf_done(&got.text);
	push_encoder__free(encoder);
}

/* Files that were made stay made: the first ones keep their places, for good. */
static void graphite_bound(void **state)
{
	struct push_encoder *encoder = make(PUSH_GRAPHITE, 1 << 20, 2);
	struct bodies got = { 0 };

	(void)state;
	buf_init(&got.text, 1 << 20);
	assert_int_equal(encode(encoder,
				"# TYPE g gauge\ng{c=\"1\"} 1\ng{c=\"2\"} 2\ng{c=\"3\"} 3\n" END,
				&got),
			 0);
	assert_int_equal(got.points, 2);
	assert_int_equal(push_encoder__skipped(encoder), 1);
	assert_int_equal(encode(encoder, "# TYPE g gauge\ng{c=\"4\"} 4\ng{c=\"2\"} 5\n" END, &got),
			 0);
	assert_string_equal(got.text.data, "vigie.lab_example.g.2 5 1700000000\n");
	assert_int_equal(push_encoder__skipped(encoder), 2);
	assert_int_equal(encode(encoder, "# TYPE g gauge\ng{pid=\"1\"} 4\n" END, &got), 0);
	assert_int_equal(got.points, 0);
	assert_int_equal(push_encoder__skipped(encoder), 3);
	buf_done(&got.text);
	push_encoder__free(encoder);
}

static void long_names(void **state)
{
	struct push_encoder *encoder = make(PUSH_GRAPHITE, 1 << 20, 0);
	struct bodies got = { 0 };
	struct buf page;

	(void)state;
	buf_init(&page, 1 << 20);
	buf_init(&got.text, 1 << 20);
	buf_printf(&page, "# TYPE g gauge\ng{c=\"%0300d\"} 1\ng{c=\"%0301d\"} 2\n" END, 7, 7);
	buf_char(&page, '\0');
	assert_int_equal(encode(encoder, page.data, &got), 0);
	assert_int_equal(got.points, 2);
	assert_true(strcspn(got.text.data, " ") < 150);
	buf_done(&page);
	buf_done(&got.text);
	push_encoder__free(encoder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(influx_lines),	  cmocka_unit_test(influx_names),
		cmocka_unit_test(influx_traps),	  cmocka_unit_test(bodies_end_between_points),
		cmocka_unit_test(graphite_lines), cmocka_unit_test(graphite_sums),
		cmocka_unit_test(graphite_traps), cmocka_unit_test(graphite_bound),
		cmocka_unit_test(long_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
