// SPDX-License-Identifier: GPL-2.0-only
/*
 * torture_record.c - the codec when memory runs out: an entry is whole or there is none, and
 * what comes after the next key is right again.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../lib/torture.h"
#include "record/codec.h"
#include "record_world.h"

enum { STEPS = 4 };

#define SECOND 1000000000ull

struct pair {
	struct encoder *encoder;
	struct decoder *decoder;
	struct buf bytes;
};

/* A sound entry decodes to what was encoded; an unsound one leaves a wish for a key. */
static void pass(struct pair *p, const struct record_world *w, bool key)
{
	struct snapshot got;
	bool is_key;
	int err;

	buf_clear(&p->bytes);
	err = encoder__encode(p->encoder, &w->s, key, &p->bytes, &is_key);
	if (!err)
		err = decoder__decode(p->decoder, p->bytes.data, p->bytes.len, is_key,
				      CODEC_VERSION, &got);
	if (err) {
		assert_true(torture_struck());
		assert_true(err == -ENOMEM || err == -ENODATA);
		return;
	}
	assert_int_equal(got.time_ns, w->s.time_ns);
	assert_int_equal(got.nprocesses, w->s.nprocesses);
	assert_memory_equal(got.processes, w->s.processes, got.nprocesses * sizeof(*got.processes));
	assert_int_equal(got.ncgroups, w->s.ncgroups);
}

static void run(unsigned long k, enum torture_mode mode)
{
	static struct record_world w;
	struct pair p;
	int i;

	rw_init(&w, 3);
	torture_arm(k, mode);
	p.encoder = encoder__new();
	p.decoder = decoder__new();
	buf_init(&p.bytes, 8 << 20);
	for (i = 0; i < STEPS && p.encoder && p.decoder; i++) {
		rw_step(&w, SECOND);
		pass(&p, &w, false);
	}
	torture_disarm();
	if (p.encoder && p.decoder) {
		struct snapshot got;
		bool is_key;

		for (i = 0; i < 2; i++) {
			rw_step(&w, SECOND);
			buf_clear(&p.bytes);
			assert_int_equal(
				encoder__encode(p.encoder, &w.s, i == 0, &p.bytes, &is_key), 0);
			assert_int_equal(decoder__decode(p.decoder, p.bytes.data, p.bytes.len,
							 is_key, CODEC_VERSION, &got),
					 0);
			assert_memory_equal(got.processes, w.s.processes,
					    got.nprocesses * sizeof(*got.processes));
		}
	} else {
		assert_true(torture_struck());
	}
	encoder__free(p.encoder);
	decoder__free(p.decoder);
	buf_done(&p.bytes);
}

static void memory(void **state)
{
	assert_true(torture_each(run) > 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory),
	};

	return cmocka_run_group_tests_name("torture: record", tests, NULL, NULL);
}
