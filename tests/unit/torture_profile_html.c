// SPDX-License-Identifier: GPL-2.0-only
/*
 * torture_profile_html.c - the page of a profile when memory runs out: it is whole, or its
 * buffer says -ENOMEM; nothing is left behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "../lib/torture.h"
#include "report/formats.h"
#include "html_scene.h"

static size_t whole;

static void encode_case(unsigned long k, enum torture_mode mode)
{
	struct profile *p = scene_new(true), *other = scene_new(false);
	struct buf out;

	buf_init(&out, 16 << 20);
	torture_arm(k, mode);
	profile_html_encode(&out, p, other);
	torture_disarm();
	if (!k)
		whole = out.len;
	assert_int_equal(out.err, torture_struck() ? -ENOMEM : 0);
	if (!out.err)
		assert_int_equal(out.len, whole);
	buf_done(&out);
	profile__free(p);
	profile__free(other);
}

static void test_encode(void **state)
{
	(void)state;
	encode_case(0, TORTURE_ONE);
	print_message("%lu allocations\n", torture_each(encode_case));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_encode) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
