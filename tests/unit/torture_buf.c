// SPDX-License-Identifier: GPL-2.0-only
/*
 * torture_buf.c - arrays and encoders when memory runs out: the whole text, or -ENOMEM.
 *
 * Never a text that is cut, and never another one.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../golden/view_fixture.h"
#include "../lib/torture.h"
#include "base/array.h"
#include "data/view_sum.h"

enum { PAGE_MAX = 1 << 20 };

typedef void encode_fn(struct buf *out, const struct fixture *f);

static const struct list_options by_cpu = { .sort = SORT_CPU, .top = 2, .colour = true };

static void as_openmetrics(struct buf *out, const struct fixture *f)
{
	openmetrics_encode(out, &f->view, &f->self, OM_OPENMETRICS_1_0);
}

static void as_text(struct buf *out, const struct fixture *f)
{
	openmetrics_encode(out, &f->view, &f->self, OM_TEXT_0_0_4);
}

static void as_table(struct buf *out, const struct fixture *f)
{
	table_encode(out, &f->view, &by_cpu);
}

static void as_json(struct buf *out, const struct fixture *f)
{
	json_encode(out, &f->view, &by_cpu);
}

static void as_csv(struct buf *out, const struct fixture *f)
{
	csv_encode(out, &f->view, &by_cpu);
}

static void as_document(struct buf *out, const struct fixture *f)
{
	metrics_doc_encode(out);
}

/* The case under torture: set by encoder(), as torture_each() passes nothing through. */
static encode_fn *encode;
static struct buf whole;

static void run(unsigned long k, enum torture_mode mode)
{
	struct fixture f;
	struct buf out;

	fixture_by_unit(&f);
	buf_init(&out, PAGE_MAX);
	torture_arm(k, mode);
	encode(&out, &f);
	torture_disarm();
	if (out.err) {
		assert_int_equal(out.err, -ENOMEM);
		assert_true(torture_struck());
	} else {
		assert_int_equal(out.len, whole.len);
		assert_memory_equal(out.data, whole.data, whole.len);
	}
	buf_done(&out);
}

static void encoder(void **state)
{
	struct fixture f;

	encode = *(encode_fn **)*state;
	fixture_by_unit(&f);
	buf_init(&whole, PAGE_MAX);
	encode(&whole, &f);
	assert_int_equal(whole.err, 0);
	assert_true(whole.len > 100);
	torture_each(run);
	buf_done(&whole);
}

static void run_buf(unsigned long k, enum torture_mode mode)
{
	struct buf b;

	buf_init(&b, PAGE_MAX);
	torture_arm(k, mode);
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%d,", i % 10);
	torture_disarm();
	assert_int_equal(b.err, torture_struck() ? -ENOMEM : 0);
	if (!b.err)
		assert_int_equal(b.len, 2000);
	buf_clear(&b);
	assert_int_equal(b.err, 0);
	buf_str(&b, "again");
	assert_int_equal(b.err, 0);
	assert_memory_equal(b.data, "again", 5);
	buf_done(&b);
}

static void buffer(void **state)
{
	torture_each(run_buf);
}

/* Two intervals as one: all of both, or -ENOMEM and what there is can be freed. */
static void run_sum(unsigned long k, enum torture_mode mode)
{
	const struct view *got = NULL;
	struct view_sum *sum;
	struct fixture f;
	int err;

	fixture_by_unit(&f);
	torture_arm(k, mode);
	sum = view_sum__new();
	err = sum ? view_sum__add(sum, &f.view) : -ENOMEM;
	if (!err)
		err = view_sum__add(sum, &f.view);
	if (!err)
		err = view_sum__take(sum, &f.view, &got);
	torture_disarm();
	assert_int_equal(err, torture_struck() ? -ENOMEM : 0);
	if (!err)
		assert_int_equal(got->interval_ns, 2 * f.view.interval_ns);
	view_sum__free(sum);
}

static void intervals(void **state)
{
	torture_each(run_sum);
}

static void run_array(unsigned long k, enum torture_mode mode)
{
	size_t room = 0, n = 0, i;
	size_t *all = NULL;
	int err = 0;

	torture_arm(k, mode);
	while (!err && n < 1000) {
		err = array_grow_zeroed(&all, &room, n + 1, sizeof(*all), 1000);
		if (!err) {
			all[n] += n;
			n++;
		}
	}
	torture_disarm();
	assert_int_equal(err, torture_struck() ? -ENOMEM : 0);
	assert_true(n <= room);
	for (i = 0; i < n; i++)
		assert_int_equal(all[i], i);
	free(all);
}

static void array(void **state)
{
	assert_int_equal(torture_each(run_array), 5);
}

int main(void)
{
	static encode_fn *const encoders[] = { as_openmetrics, as_text, as_table,
					       as_json,	       as_csv,	as_document };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(array),
		cmocka_unit_test(buffer),
		cmocka_unit_test(intervals),
		{ "openmetrics", encoder, NULL, NULL, (void *)&encoders[0] },
		{ "text 0.0.4", encoder, NULL, NULL, (void *)&encoders[1] },
		{ "table", encoder, NULL, NULL, (void *)&encoders[2] },
		{ "json", encoder, NULL, NULL, (void *)&encoders[3] },
		{ "csv", encoder, NULL, NULL, (void *)&encoders[4] },
		{ "metrics document", encoder, NULL, NULL, (void *)&encoders[5] },
	};

	return cmocka_run_group_tests_name("torture: encoders", tests, NULL, NULL);
}
