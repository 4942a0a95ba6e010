// SPDX-License-Identifier: GPL-2.0-only
/* test_codec.c - record/codec: bit for bit there and back, and nothing from bad bytes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "record/codec.h"
#include "record_world.h"

enum { ENTRY_MAX = 8 << 20 };

#define SECOND 1000000000ULL

struct pair {
	struct record_world world;
	struct encoder *encoder;
	struct decoder *decoder;
	struct buf bytes;
	bool key;
};

static void pair_init(struct pair *p, __u64 seed)
{
	rw_init(&p->world, seed);
	p->encoder = encoder__new();
	p->decoder = decoder__new();
	assert_non_null(p->encoder);
	assert_non_null(p->decoder);
	buf_init(&p->bytes, ENTRY_MAX);
}

static void pair_done(struct pair *p)
{
	encoder__free(p->encoder);
	decoder__free(p->decoder);
	buf_done(&p->bytes);
}

static void encode(struct pair *p, bool key)
{
	buf_clear(&p->bytes);
	assert_int_equal(encoder__encode(p->encoder, &p->world.s, key, &p->bytes, &p->key), 0);
	assert_true(!key || p->key);
}

#define SAME_LIST(a, b, list, n)                                                                \
	do {                                                                                    \
		assert_int_equal((a)->n, (b)->n);                                               \
		if ((a)->n)                                                                     \
			assert_memory_equal((a)->list, (b)->list, (a)->n * sizeof(*(a)->list)); \
	} while (0)

static void same(const struct snapshot *a, const struct snapshot *b)
{
	size_t i;
	int t;

	assert_int_equal(a->time_ns, b->time_ns);
	assert_int_equal(a->wall_ns, b->wall_ns);
	assert_int_equal(a->page_size, b->page_size);
	SAME_LIST(a, b, processes, nprocesses);
	SAME_LIST(a, b, retired, nretired);
	SAME_LIST(a, b, culprits, nculprits);
	SAME_LIST(a, b, ooms, nooms);
	SAME_LIST(a, b, cgroup_stats, ncgroup_stats);
	assert_int_equal(a->culprit_other_ns, b->culprit_other_ns);
	assert_int_equal(a->culprit_other_waits, b->culprit_other_waits);
	assert_int_equal(a->ncgroups, b->ncgroups);
	for (i = 0; i < a->ncgroups; i++) {
		assert_int_equal(a->cgroups[i].id, b->cgroups[i].id);
		assert_string_equal(a->cgroups[i].path, b->cgroups[i].path);
		assert_int_equal(!a->cgroups[i].container, !b->cgroups[i].container);
		for (t = 0; a->cgroups[i].container && t < CONTAINER_TEXTS; t++)
			assert_string_equal(a->cgroups[i].container->text[t],
					    b->cgroups[i].container->text[t]);
	}
	assert_memory_equal(&a->slices, &b->slices, sizeof(a->slices));
	assert_memory_equal(&a->host.cpu, &b->host.cpu, sizeof(a->host.cpu));
	assert_memory_equal(&a->host.memory, &b->host.memory, sizeof(a->host.memory));
	assert_memory_equal(a->host.load, b->host.load, sizeof(a->host.load));
	assert_int_equal(a->host.context_switches, b->host.context_switches);
	assert_int_equal(a->host.forks, b->host.forks);
	assert_int_equal(a->host.procs_running, b->host.procs_running);
	assert_int_equal(a->host.procs_blocked, b->host.procs_blocked);
	assert_int_equal(a->host.online_cpus, b->host.online_cpus);
	assert_int_equal(a->host.swap_in_pages, b->host.swap_in_pages);
	assert_int_equal(a->host.swap_out_pages, b->host.swap_out_pages);
	assert_int_equal(a->host.boot_time_s, b->host.boot_time_s);
	/* Up to the probes all are words; then the probes, which are compared as they stand. */
	assert_memory_equal(&a->stat, &b->stat, offsetof(struct collect_stat, probes));
	assert_memory_equal(a->stat.probes, b->stat.probes, sizeof(a->stat.probes));
	assert_int_equal(a->stat.nprobes, b->stat.nprobes);
	assert_int_equal(a->stat.run_time_known, b->stat.run_time_known);
}

static void there_and_back(void **state)
{
	struct snapshot got;
	struct pair p;
	__u64 seed;
	int i, deltas = 0;

	for (seed = 1; seed <= 20; seed++) {
		pair_init(&p, seed);
		for (i = 0; i < 60; i++) {
			rw_step(&p.world, 1 + rw_pick(&p.world, 10 * SECOND));
			encode(&p, i % 17 == 16);
			assert_int_equal(p.key, !i || i % 17 == 16);
			deltas += !p.key;
			assert_int_equal(decoder__decode(p.decoder, p.bytes.data, p.bytes.len,
							 p.key, CODEC_VERSION, &got),
					 0);
			same(&p.world.s, &got);
		}
		pair_done(&p);
	}
	assert_true(deltas > 1000);
}

/* Nothing that struct snapshot holds may be forgotten: its size is that of what same() sees. */
static void nothing_was_added_to_the_nouns(void **state)
{
	assert_int_equal(sizeof(struct host), 8 * (8 + 12 + 2) + 16 + 24 + 24 + 48 + 8);
	assert_int_equal(sizeof(struct collect_stat),
			 8 * (VIGIE_LOSSES + 16) + PROBES_MAX * 56 + 8);
	assert_int_equal(sizeof(struct process), 144 + sizeof(struct vigie_usage));
	assert_int_equal(sizeof(struct cgroup_stat), 8 * (7 + 24));
}

/* A key needs nothing; a delta needs its predecessor. */
static void a_delta_alone_is_refused(void **state)
{
	struct snapshot got;
	struct pair p;

	pair_init(&p, 7);
	rw_step(&p.world, SECOND);
	encode(&p, false);
	rw_step(&p.world, SECOND);
	encode(&p, false);
	assert_false(p.key);
	assert_int_equal(decoder__decode(p.decoder, p.bytes.data, p.bytes.len, false, CODEC_VERSION,
					 &got),
			 -ENODATA);
	rw_step(&p.world, SECOND);
	encode(&p, true);
	assert_int_equal(decoder__decode(p.decoder, p.bytes.data, p.bytes.len, true, CODEC_VERSION,
					 &got),
			 0);
	same(&p.world.s, &got);
	pair_done(&p);
}

/* After a failure nothing may lean on what was half written. */
static void no_room_makes_the_next_a_key(void **state)
{
	struct snapshot got;
	struct buf small;
	struct pair p;
	bool key;

	pair_init(&p, 8);
	buf_init(&small, 100);
	rw_step(&p.world, SECOND);
	encode(&p, false);
	rw_step(&p.world, SECOND);
	assert_int_equal(encoder__encode(p.encoder, &p.world.s, false, &small, &key), -E2BIG);
	rw_step(&p.world, SECOND);
	encode(&p, false);
	assert_true(p.key);
	assert_int_equal(decoder__decode(p.decoder, p.bytes.data, p.bytes.len, true, CODEC_VERSION,
					 &got),
			 0);
	same(&p.world.s, &got);
	buf_done(&small);
	pair_done(&p);
}

/* Cut anywhere, or with bytes behind it: refused whole, and a key is needed from then on. */
static void cut_or_prolonged_is_refused(void **state)
{
	struct snapshot got;
	struct pair p;
	size_t len;

	pair_init(&p, 9);
	rw_step(&p.world, SECOND);
	encode(&p, true);
	for (len = 0; len < p.bytes.len; len++) {
		assert_int_equal(decoder__decode(p.decoder, p.bytes.data, len, true, CODEC_VERSION,
						 &got),
				 -EBADMSG);
		assert_int_equal(decoder__decode(p.decoder, p.bytes.data, p.bytes.len, false,
						 CODEC_VERSION, &got),
				 -ENODATA);
	}
	buf_char(&p.bytes, 0);
	assert_int_equal(decoder__decode(p.decoder, p.bytes.data, p.bytes.len, true, CODEC_VERSION,
					 &got),
			 -EBADMSG);
	pair_done(&p);
}

/* Any byte flipped: refused, or a snapshot that keeps the promises of snapshot.h. */
static void flipped_bytes_break_no_promise(void **state)
{
	struct snapshot got;
	struct pair p;
	size_t i, j;

	pair_init(&p, 10);
	rw_step(&p.world, SECOND);
	encode(&p, true);
	for (i = 0; i < p.bytes.len; i++) {
		unsigned char was = p.bytes.data[i];
		int err;

		p.bytes.data[i] = was ^ (1 << i % 8);
		err = decoder__decode(p.decoder, p.bytes.data, p.bytes.len, true, CODEC_VERSION,
				      &got);
		assert_true(!err || err == -EBADMSG);
		for (j = 1; !err && j < got.nprocesses; j++)
			assert_true(got.processes[j - 1].pid < got.processes[j].pid);
		p.bytes.data[i] = was;
	}
	pair_done(&p);
}

/* No vigie writes that, but somebody may: the list that stands must not point to what is gone. */
static void an_id_with_two_paths(void **state)
{
	static struct cgroup_name twice[] = { { .id = 7, .path = "/a path of some length" },
					      { .id = 7, .path = "/another one, as long" } };
	struct snapshot got;
	struct pair p;
	int i;

	pair_init(&p, 11);
	rw_step(&p.world, SECOND);
	p.world.s.cgroups = twice;
	p.world.s.ncgroups = 2;
	for (i = 0; i < 3; i++) {
		encode(&p, i == 0);
		assert_int_equal(decoder__decode(p.decoder, p.bytes.data, p.bytes.len, p.key,
						 CODEC_VERSION, &got),
				 0);
		same(&p.world.s, &got);
	}
	pair_done(&p);
}

/* A name comes late, changes, and goes; the cgroup stays. */
static void names_of_containers(void **state)
{
	static const struct container web = { { "web", "", "", "nginx:1.27", "alice" } };
	static const struct container pod = { { "app", "shop-7d4b9c6f5-x2x8k", "prod", "", "" } };
	const struct container *steps[] = { NULL, &web, &web, &pod, &pod, NULL };
	static struct cgroup_name cgroups[] = { { .id = 7, .path = "/a" },
						{ .id = 8, .path = "/b" } };
	struct snapshot got;
	struct pair p;
	size_t i;

	pair_init(&p, 12);
	rw_step(&p.world, SECOND);
	p.world.s.cgroups = cgroups;
	p.world.s.ncgroups = 2;
	for (i = 0; i < 2 * sizeof(steps) / sizeof(steps[0]); i++) {
		cgroups[0].container = steps[i / 2];
		cgroups[1].container = &pod;
		encode(&p, i % 5 == 0);
		assert_int_equal(decoder__decode(p.decoder, p.bytes.data, p.bytes.len, p.key,
						 CODEC_VERSION, &got),
				 0);
		same(&p.world.s, &got);
	}
	pair_done(&p);
}

/* A thousand sleepers and nothing else: what a quiet host costs on the disk. */
static void sleepers_are_small(void **state)
{
	static struct process sleepers[1000];
	struct snapshot s = { .page_size = 4096, .processes = sleepers, .nprocesses = 1000 };
	struct pair p;
	int i, step;

	pair_init(&p, 1);
	for (step = 0; step < 3; step++) {
		s.time_ns += 5 * SECOND;
		for (i = 0; i < 1000; i++) {
			sleepers[i].pid = i + 1;
			sleepers[i].threads = 1 + i % 3;
			sleepers[i].rss_pages[VIGIE_RSS_ANON] = sleepers[i].peak_pages = 100;
			sleepers[i].inc.off_ns[VIGIE_OFF_SLEEP] = sleepers[i].threads *
								  (5 * SECOND + i);
		}
		buf_clear(&p.bytes);
		assert_int_equal(encoder__encode(p.encoder, &s, false, &p.bytes, &p.key), 0);
	}
	assert_true(p.bytes.len < 1000 * 2 + 200);
	pair_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(nothing_was_added_to_the_nouns),
		cmocka_unit_test(a_delta_alone_is_refused),
		cmocka_unit_test(no_room_makes_the_next_a_key),
		cmocka_unit_test(cut_or_prolonged_is_refused),
		cmocka_unit_test(flipped_bytes_break_no_promise),
		cmocka_unit_test(an_id_with_two_paths),
		cmocka_unit_test(names_of_containers),
		cmocka_unit_test(sleepers_are_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
