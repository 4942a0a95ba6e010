// SPDX-License-Identifier: GPL-2.0-only
/* test_profile.c - data/profile and record/session_file: what is alike is one, and what is read is whole. */
#include "profile_world.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "record/session_file.h"

static void equal_things_are_one(void **state)
{
	struct profile *p = profile__new(1 << 20);
	__u32 a, b, n, i;

	for (i = 0; i < 1000; i++) {
		char text[16];

		snprintf(text, sizeof(text), "f%u", i % 100);
		assert_int_equal(profile_string(p, text, strlen(text), &a), 0);
		assert_int_equal(profile_string(p, text, strlen(text), &b), 0);
		assert_int_equal(a, b);
		assert_string_equal(profile_text(p, a), text);
		assert_int_equal(profile_frame(p, 0, 0, i % 50, &a), 0);
		assert_int_equal(profile_node(p, i % 7 ? 1 : 0, a, &n), 0);
	}
	assert_int_equal(p->nstrings, 101);
	assert_int_equal(p->nframes, 51);
	profile__free(p);
}

static void samples_add_up(void **state)
{
	struct profile *p = world_new();
	__u32 n = p->nsamples, i;
	__u64 sum = 0;

	world_add(p, PROFILE_CPU, 0, p->samples[0].node, 0, 1, 5);
	assert_int_equal(p->nsamples, n);
	for (i = 0; i < n; i++)
		if (p->samples[i].view == PROFILE_CPU)
			sum += p->samples[i].value;
	assert_int_equal(sum, WORLD_CPU + 5);
	profile__free(p);
}

static void the_bound_holds(void **state)
{
	struct profile *p = profile__new(64 << 10);
	char text[64];
	__u32 string, i;
	int err = 0;

	for (i = 0; i < 100000 && !err; i++) {
		snprintf(text, sizeof(text), "a long enough name %u", i);
		err = profile_string(p, text, strlen(text), &string);
	}
	assert_int_equal(err, -ENOSPC);
	assert_true(profile__bytes(p) <= 64 << 10);
	assert_string_equal(profile_text(p, 1), "a long enough name 0");
	profile__free(p);
}

static void names_say_what_is_known(void **state)
{
	struct profile *p = world_new();
	static const char *const wanted[] = { "inlined_work", "[server+0x3000]", "do_sys",
					      "[truncated]" };
	char name[64];
	__u32 i, w, seen = 0;

	for (i = 1; i < p->nframes; i++) {
		profile_frame_name(p, i, 0, name, sizeof(name));
		for (w = 0; w < 4; w++)
			seen |= (__u32)!strcmp(name, wanted[w]) << w;
	}
	assert_int_equal(seen, 15);
	profile__free(p);
}

static void encode(struct buf *out, const struct profile *p)
{
	buf_init(out, SESSION_FILE_MAX);
	session_file_encode(out, p);
	assert_int_equal(out->err, 0);
}

static void a_file_is_what_was_written(void **state)
{
	struct profile *p = world_new(), *q;
	struct buf first, second;
	const char *why;

	encode(&first, p);
	assert_int_equal(session_file_decode(first.data, first.len, &q, &why), 0);
	encode(&second, q);
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.data, second.data, first.len);
	assert_int_equal(q->nsamples, p->nsamples);
	assert_memory_equal(q->samples, p->samples, p->nsamples * sizeof(*p->samples));
	assert_memory_equal(q->threads, p->threads, p->nthreads * sizeof(*p->threads));
	assert_int_equal(q->nlines, p->nlines);
	assert_memory_equal(q->lines, p->lines, p->nlines * sizeof(*p->lines));
	assert_memory_equal(&q->quality, &p->quality, sizeof(p->quality));
	assert_memory_equal(&q->about, &p->about, sizeof(p->about));
	assert_memory_equal(&q->beside, &p->beside, sizeof(p->beside));
	assert_int_equal(q->ncgroups, 1);
	assert_int_equal(q->nchains, 1);
	assert_memory_equal(q->chains, p->chains, sizeof(*p->chains));
	assert_memory_equal(q->cgroups, p->cgroups, sizeof(*p->cgroups));
	buf_done(&first);
	buf_done(&second);
	profile__free(p);
	profile__free(q);
}

/*
 * A copy in memory of its own size: a sanitizer sees a byte read beyond. What is taken is taken
 * as it was: a bit that deflate does not use may differ.
 */
static int decode_copy(const char *data, size_t len, const struct profile *whole)
{
	struct profile *q = NULL;
	const char *why;
	char *copy = malloc(len ? len : 1);
	int err;

	memcpy(copy, data, len);
	err = session_file_decode(copy, len, &q, &why);
	if (!err && whole && q->nsamples == whole->nsamples && q->ntext == whole->ntext &&
	    !memcmp(q->text, whole->text, whole->ntext) &&
	    !memcmp(q->samples, whole->samples, whole->nsamples * sizeof(*whole->samples)))
		err = -EBADMSG;
	profile__free(q);
	free(copy);
	return err;
}

static void a_damaged_file_is_refused(void **state)
{
	struct profile *p = world_new();
	struct buf file;
	size_t i;

	encode(&file, p);
	for (i = 0; i < file.len; i++)
		assert_true(decode_copy(file.data, i, NULL) < 0);
	for (i = 0; i < file.len; i++) {
		file.data[i] ^= 0x10;
		assert_true(decode_copy(file.data, file.len, p) < 0);
		file.data[i] ^= 0x10;
	}
	buf_char(&file, 'x');
	assert_int_equal(decode_copy(file.data, file.len, NULL), -EBADMSG);
	file.len--;
	file.data[8] = 4;
	assert_int_equal(decode_copy(file.data, file.len, NULL), -EPROTONOSUPPORT);
	file.data[8] = 6;
	assert_int_equal(decode_copy(file.data, file.len, NULL), -EPROTONOSUPPORT);
	buf_done(&file);
	profile__free(p);
}

/* The file of a profile whose body is cut to len bytes, its checksum and length right. */
static int decode_cut(const struct buf *body, size_t len, struct profile **ret)
{
	__u32 version = 5, sum = crc32(0, (const Bytef *)body->data, len);
	uLongf room = compressBound(len);
	char *file = malloc(24 + room);
	const char *why;
	__u64 raw = len;
	int err;

	memcpy(file, "VIGIEPRF", 8);
	memcpy(file + 8, &version, 4);
	memcpy(file + 12, &sum, 4);
	memcpy(file + 16, &raw, 8);
	assert_int_equal(compress((Bytef *)file + 24, &room, (const Bytef *)body->data, len), Z_OK);
	err = session_file_decode(file, 24 + room, ret, &why);
	free(file);
	return err;
}

static void body_of(struct buf *body, const struct buf *file)
{
	uLongf len;
	__u64 raw;

	memcpy(&raw, file->data + 16, 8);
	buf_init(body, SESSION_FILE_MAX);
	len = raw;
	assert_non_null(buf_reserve(body, raw));
	assert_int_equal(uncompress((Bytef *)body->data, &len, (const Bytef *)file->data + 24,
				    file->len - 24),
			 Z_OK);
	body->len = len;
}

static void a_shorter_body_is_refused(void **state)
{
	struct profile *p = world_new(), *q;
	struct buf file, body;
	size_t len;

	encode(&file, p);
	body_of(&body, &file);
	for (len = 0; len < body.len; len++)
		assert_int_equal(decode_cut(&body, len, &q), -EBADMSG);
	assert_int_equal(decode_cut(&body, len, &q), 0);
	profile__free(q);
	buf_str(&body, "x");
	assert_int_equal(decode_cut(&body, body.len, &q), -EBADMSG);
	buf_done(&body);
	buf_done(&file);
	profile__free(p);
}

/* The layout: who changes it changes the version, and this file with GOLDEN_UPDATE=1. */
static void the_world_is_written_as_ever(void **state)
{
	static const char path[] = "tests/golden/session.vigie";
	struct profile *p = world_new();
	struct buf file, body, then, body_then;
	FILE *golden;

	encode(&file, p);
	body_of(&body, &file);
	golden = fopen(path, getenv("GOLDEN_UPDATE") ? "w+b" : "rb");
	assert_non_null(golden);
	if (getenv("GOLDEN_UPDATE")) {
		assert_int_equal(fwrite(file.data, 1, file.len, golden), file.len);
		rewind(golden);
	}
	buf_init(&then, SESSION_FILE_MAX);
	assert_non_null(buf_reserve(&then, 4096));
	then.len = fread(then.data, 1, 4096, golden);
	fclose(golden);
	body_of(&body_then, &then);
	assert_memory_equal(then.data, file.data, 12);
	assert_int_equal(body_then.len, body.len);
	assert_memory_equal(body_then.data, body.data, body.len);
	buf_done(&body_then);
	buf_done(&then);
	buf_done(&body);
	buf_done(&file);
	profile__free(p);
}

/* Those of sleepers come another way, which loses none. */
static void what_the_ring_may_lose(void **state)
{
	struct profile_quality q = { .stacks = { [VIGIE_STACK_ON_CPU] = 1,
						 [VIGIE_STACK_ASLEEP] = 20,
						 [VIGIE_STACK_FAULT] = 300,
						 [VIGIE_STACK_WAKER] = 4000 } };

	assert_int_equal(profile_taken(&q), 4301);
}

/* A cgroup is the same by what it is called, wherever its name stands; others are told apart. */
static void relations(void **state)
{
	static const struct {
		__u32 kind, pid;
		const char *path;
		enum profile_relation want;
	} cases[] = {
		{ PROFILE_PARTY_PROCESS, 1, "/system.slice/server.service", PROFILE_SAME_CGROUP },
		{ PROFILE_PARTY_PROCESS, 2, "/system.slice/other.service", PROFILE_OTHER_CGROUP },
		{ PROFILE_PARTY_PROCESS, 3, "[id 7]", PROFILE_OTHER_CGROUP },
		{ PROFILE_PARTY_PROCESS, 4, "", PROFILE_UNTOLD },
		{ PROFILE_PARTY_KTHREAD, 5, "/", PROFILE_KERNEL_THREADS },
		{ PROFILE_PARTY_IDLE, 0, "", PROFILE_IDLE },
		{ PROFILE_PARTY_OTHERS, 0, "", PROFILE_UNTOLD },
	};
	struct profile *p = world_new();
	struct profile_sample s = { .view = PROFILE_RUN_QUEUE, .tag = 1000 };
	__u32 i;

	assert_int_equal(profile_relation(p, &s), PROFILE_UNTOLD);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct profile_party party = { .kind = cases[i].kind, .pid = cases[i].pid };

		party.cgroup = world_string(p, cases[i].path);
		assert_int_equal(profile_party(p, &party, &s.tag), 0);
		assert_int_equal(profile_relation(p, &s), cases[i].want);
	}
	s.thread = 1; /* of a process whose cgroup is not known */
	s.tag = 0;
	assert_int_equal(profile_relation(p, &s), PROFILE_UNTOLD);
	assert_string_equal(profile_text(p, profile_unit(p, p->processes[0].cgroup)),
			    "server.service");
	profile__free(p);
}

/* A chain without a hop is none: its first party would be anybody's. */
static void a_chain_of_nobody_is_refused(void **state)
{
	struct profile *p = world_new();
	struct buf file;

	p->chains[0].n = 0;
	encode(&file, p);
	assert_int_equal(decode_copy(file.data, file.len, NULL), -EBADMSG);
	buf_done(&file);
	profile__free(p);
}

/* Whole by its checksum, and yet no profile: an index that points nowhere. */
static void a_wrong_index_is_refused(void **state)
{
	enum { CASES = 18 };
	int i;

	for (i = 0; i < CASES; i++) {
		struct profile *p = world_new();
		__u32 *const spoil[CASES] = {
			&p->samples[0].thread,	&p->samples[0].node,
			&p->samples[0].view,	&p->nodes[1].parent,
			&p->nodes[1].frame,	&p->frames[1].line,
			&p->threads[0].comm,	&p->parties[0].comm,
			&p->about.target,	&p->lines[1].file,
			&p->lines[1].function,	&p->cgroups[0].path,
			&p->cgroups[0].unit,	&p->chains[0].thread,
			&p->chains[0].n,	&p->chains[0].party[0],
			&p->chains[0].party[1], &p->chains[0].wait_reason[1],
		};
		struct buf file;

		*spoil[i] = 1000;
		encode(&file, p);
		assert_int_equal(decode_copy(file.data, file.len, NULL), -EBADMSG);
		buf_done(&file);
		profile__free(p);
	}
}

/* What was read can be named, and what it has already is found again. */
static void what_was_read_can_be_named(void **state)
{
	struct profile *p = world_new(), *q;
	struct profile_line line = { .line = 3 };
	struct buf file, again;
	char text[32], name[64];
	__u32 i, frame = 0, string;
	const char *why;

	encode(&file, p);
	assert_int_equal(session_file_decode(file.data, file.len, &q, &why), 0);
	assert_int_equal(profile_string(q, "main", 4, &string), 0);
	assert_true(string < p->nstrings);
	for (i = 1; i < q->nframes && !frame; i++)
		frame = q->frames[i].nlines ? 0 : i;
	for (i = 0; i < 1000; i++) { /* beyond whatever room there was */
		snprintf(text, sizeof(text), "found_%u", i);
		assert_int_equal(profile_string(q, text, strlen(text), &line.function), 0);
		assert_int_equal(profile_name_frame(q, frame, &line, 1), 0);
	}
	encode(&again, q);
	profile__free(q);
	assert_int_equal(session_file_decode(again.data, again.len, &q, &why), 0);
	assert_string_equal(profile_frame_name(q, frame, 0, name, sizeof(name)), "found_999");
	assert_memory_equal(q->samples, p->samples, p->nsamples * sizeof(*p->samples));
	buf_done(&file);
	buf_done(&again);
	profile__free(p);
	profile__free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_things_are_one),
		cmocka_unit_test(samples_add_up),
		cmocka_unit_test(the_bound_holds),
		cmocka_unit_test(names_say_what_is_known),
		cmocka_unit_test(a_file_is_what_was_written),
		cmocka_unit_test(a_damaged_file_is_refused),
		cmocka_unit_test(a_wrong_index_is_refused),
		cmocka_unit_test(what_was_read_can_be_named),
		cmocka_unit_test(a_chain_of_nobody_is_refused),
		cmocka_unit_test(a_shorter_body_is_refused),
		cmocka_unit_test(the_world_is_written_as_ever),
		cmocka_unit_test(what_the_ring_may_lose),
		cmocka_unit_test(relations),
	};

	return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
