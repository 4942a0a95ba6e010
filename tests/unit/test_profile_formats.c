// SPDX-License-Identifier: GPL-2.0-only
/* test_profile_formats.c - export/profile_*: every format sums the same integers, hostile names stay text. */
#include "profile_world.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <zlib.h>

#include "export/profile_formats.h"

static const __u64 totals[PROFILE_VIEWS] = {
	[PROFILE_CPU] = WORLD_CPU,	  [PROFILE_OFF_CPU] = WORLD_OFF,
	[PROFILE_RUN_QUEUE] = WORLD_RUNQ, [PROFILE_WAKERS] = WORLD_WAKERS,
	[PROFILE_FAULTS] = WORLD_FAULTS,
};

static char *text_of(struct buf *out)
{
	assert_int_equal(out->err, 0);
	buf_char(out, '\0');
	return out->data;
}

static void folded_is_lines_that_add_up(void **state)
{
	struct profile *p = world_new();
	unsigned int view;

	for (view = 0; view < PROFILE_VIEWS; view++) {
		struct buf out;
		char *line, *rest, *space;
		__u64 sum = 0;

		buf_init(&out, 1 << 20);
		profile_folded_encode(&out, p, view, NULL);
		rest = text_of(&out);
		while ((line = strsep(&rest, "\n")) && *line) {
			space = strrchr(line, ' ');
			assert_non_null(space);
			sum += strtoull(space + 1, NULL, 10);
			assert_null(strpbrk(line, "\x01\xff"));
		}
		assert_int_equal(sum, totals[view]);
		buf_done(&out);
	}
	profile__free(p);
}

static void folded_marks_what_a_frame_is(void **state)
{
	struct profile *p = world_new();
	struct buf out;

	buf_init(&out, 1 << 20);
	profile_folded_encode(&out, p, PROFILE_OFF_CPU, NULL);
	assert_string_equal(text_of(&out),
			    "server;disk;main;[server+0x3000] 25\n"
			    "server;lock;main;work;inlined_work_[i];do_sys_[k] 500\n");
	buf_clear(&out);
	profile_folded_encode(&out, p, PROFILE_RUN_QUEUE, p);
	assert_string_equal(text_of(&out), "server;bully (99) 40 40\n");
	buf_done(&out);
	profile__free(p);
}

static __u64 scope_sum(struct json_object *profile)
{
	struct json_object *weights = json_object_object_get(profile, "weights");
	struct json_object *samples = json_object_object_get(profile, "samples");
	__u64 sum = 0;
	size_t i;

	assert_int_equal(json_object_array_length(weights), json_object_array_length(samples));
	for (i = 0; i < json_object_array_length(weights); i++)
		sum += json_object_get_int64(json_object_array_get_idx(weights, i));
	assert_int_equal(sum, json_object_get_int64(json_object_object_get(profile, "endValue")));
	return sum;
}

static void speedscope_is_json_that_adds_up(void **state)
{
	struct profile *p = world_new();
	struct json_object *root, *profiles, *one;
	unsigned int view, seen = 0;
	struct buf out;
	char name[64];
	size_t i;

	buf_init(&out, 1 << 20);
	profile_speedscope_encode(&out, p, (1 << PROFILE_VIEWS) - 1);
	root = json_tokener_parse(text_of(&out));
	assert_non_null(root);
	profiles = json_object_object_get(root, "profiles");
	for (i = 0; i < json_object_array_length(profiles); i++) {
		one = json_object_array_get_idx(profiles, i);
		for (view = 0; view < PROFILE_VIEWS; view++) {
			snprintf(name, sizeof(name), "%s: all threads", profile_view_name(view));
			if (strcmp(name,
				   json_object_get_string(json_object_object_get(one, "name"))))
				continue;
			assert_int_equal(scope_sum(one), totals[view]);
			seen |= 1 << view;
		}
	}
	assert_int_equal(seen, (1 << PROFILE_VIEWS) - 1);
	json_object_put(root);
	buf_done(&out);
	profile__free(p);
}

static void json_has_every_sample(void **state)
{
	struct profile *p = world_new();
	struct json_object *root, *samples, *value;
	struct buf out;
	__u64 sum = 0;
	size_t i;

	buf_init(&out, 1 << 20);
	profile_json_encode(&out, p, (1 << PROFILE_VIEWS) - 1);
	root = json_tokener_parse(text_of(&out));
	assert_non_null(root);
	samples = json_object_object_get(root, "samples");
	assert_int_equal(json_object_array_length(samples), p->nsamples);
	for (i = 0; i < p->nsamples; i++)
		if (json_object_object_get_ex(json_object_array_get_idx(samples, i), "ns", &value))
			sum += json_object_get_int64(value);
	assert_int_equal(sum, WORLD_CPU + WORLD_OFF + WORLD_RUNQ + WORLD_WAKERS);
	json_object_put(root);
	buf_done(&out);
	profile__free(p);
}

static void pprof_is_a_gzip_file(void **state)
{
	struct profile *p = world_new();
	unsigned char plain[1 << 16];
	z_stream z = { 0 };
	struct buf out;

	buf_init(&out, 1 << 20);
	profile_pprof_encode(&out, p, 1 << PROFILE_CPU);
	assert_int_equal(out.err, 0);
	assert_int_equal(inflateInit2(&z, 16 + MAX_WBITS), Z_OK);
	z.next_in = (void *)out.data;
	z.avail_in = out.len;
	z.next_out = plain;
	z.avail_out = sizeof(plain);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	inflateEnd(&z);
	assert_int_equal(plain[0], 1 << 3 | 2); /* sample_type comes first */
	assert_non_null(memmem(plain, z.total_out, "inlined_work", 12));
	assert_null(memmem(plain, z.total_out, HOSTILE, strlen(HOSTILE)));
	buf_done(&out);
	profile__free(p);
}

static void text_says_it_all(void **state)
{
	static const char *const wanted[] = {
		"process 10 on host",
		"on a CPU",
		"blocked: lock",
		"inlined_work",
		"bully (99)",
		"(timer)",
		"2 stacks (ring full)",
		"stack copy too short: 1",
		"main",
	};
	const struct profile_text_options options = { .top = 10, .width = 100 };
	struct profile *p = world_new();
	struct buf out;
	size_t i;

	buf_init(&out, 1 << 20);
	profile_text_encode(&out, p, p, &options);
	text_of(&out);
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!strstr(out.data, wanted[i]))
			fail_msg("'%s' is not in:\n%s", wanted[i], out.data);
	assert_null(strpbrk(out.data, "\x01\xff"));
	buf_done(&out);
	profile__free(p);
}

static void an_empty_session_has_formats_too(void **state)
{
	const struct profile_text_options options = { .top = 10, .width = 100 };
	struct profile *p = profile__new(1 << 20);
	struct json_object *root;
	struct buf out;

	buf_init(&out, 1 << 20);
	profile_folded_encode(&out, p, PROFILE_CPU, NULL);
	assert_int_equal(out.len, 0);
	profile_text_encode(&out, p, NULL, &options);
	profile_pprof_encode(&out, p, 1);
	assert_int_equal(out.err, 0);
	buf_clear(&out);
	profile_speedscope_encode(&out, p, 1);
	root = json_tokener_parse(text_of(&out));
	assert_non_null(root);
	json_object_put(root);
	buf_done(&out);
	profile__free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folded_is_lines_that_add_up),
		cmocka_unit_test(folded_marks_what_a_frame_is),
		cmocka_unit_test(speedscope_is_json_that_adds_up),
		cmocka_unit_test(json_has_every_sample),
		cmocka_unit_test(pprof_is_a_gzip_file),
		cmocka_unit_test(text_says_it_all),
		cmocka_unit_test(an_empty_session_has_formats_too),
	};

	return cmocka_run_group_tests_name("profile_formats", tests, NULL, NULL);
}
