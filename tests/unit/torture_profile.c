// SPDX-License-Identifier: GPL-2.0-only
/*
 * torture_profile.c - the formats of a profile when memory runs out: the output is whole or it
 * says so, and nothing is left behind.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../lib/torture.h"
#include "profile_made.h"
#include "report/formats.h"

enum { MAX_BYTES = 16 << 20, ALL_VIEWS = (1 << PROFILE_VIEWS) - 1, FORMATS = 6 };

static struct made now, before; /* made once: what is tortured does not change them */

static void encode(struct buf *out, int format)
{
	const struct profile_text_options text = { 0 };

	switch (format) {
	case 0: profile_folded_encode(out, now.p, PROFILE_CPU, before.p); break;
	case 1: profile_pprof_encode(out, now.p, ALL_VIEWS); break;
	case 2: profile_speedscope_encode(out, now.p, ALL_VIEWS); break;
	case 3: profile_json_encode(out, now.p); break;
	case 4: profile_text_encode(out, now.p, NULL, &text); break;
	default: profile_text_encode(out, now.p, before.p, &text); break;
	}
}

static int format;

static void run(unsigned long k, enum torture_mode mode)
{
	static size_t whole[FORMATS];
	struct buf out;

	buf_init(&out, MAX_BYTES);
	torture_arm(k, mode);
	encode(&out, format);
	torture_disarm();
	if (out.err)
		assert_int_equal(out.err, -ENOMEM);
	assert_int_equal(out.err != 0, torture_struck() != 0);
	if (!out.err && !whole[format])
		whole[format] = out.len;
	if (!out.err)
		assert_int_equal(out.len, whole[format]);
	buf_done(&out);
}

static void test_formats(void **state)
{
	for (format = 0; format < FORMATS; format++)
		assert_true(torture_each(run) > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
	};
	int failed;

	now = made_profile(1, MAX_BYTES);
	before = made_profile(2, MAX_BYTES);
	failed = now.err || before.err ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
	profile__free(now.p);
	profile__free(before.p);
	return failed;
}
