// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_incident.c - record/incident: what a folder of evidence holds, and which go when room is
 * short. Files are real; what is in them is read back through the replay.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "record/codec.h"
#include "record/incident.h"
#include "record/replay.h"
#include "record_world.h"

#define SECOND 1000000000ULL
#define HOUR (3600 * SECOND)
#define STEP (5 * SECOND)

static char root[64];

/* A host that is recorded, and its evidence. */
struct place {
	struct record_world world;
	struct encoder *encoder;
	struct buf bytes;
	struct ring *ring;
	struct incidents *incidents;
	__u64 began_ns;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int make_place(void **state)
{
	snprintf(root, sizeof(root), "/tmp/vigie-incident-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_place(void **state)
{
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int folder(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	mkdir(path, 0700);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void place_init(struct place *h, unsigned int max_incidents, __u64 max_bytes)
{
	const struct ring_config ring = { .retention_ns = 24 * HOUR,
					  .max_bytes = 16 << 20,
					  .boot = 7 };
	const struct incidents_config incidents = { max_incidents, max_bytes };

	memset(h, 0, sizeof(*h));
	rw_init(&h->world, 9);
	h->began_ns = h->world.s.wall_ns;
	h->encoder = encoder__new();
	assert_non_null(h->encoder);
	buf_init(&h->bytes, 8 << 20);
	assert_int_equal(ring__open(folder("ring"), &ring, &h->ring), 0);
	assert_int_equal(incidents__open(folder("incidents"), &incidents, &h->incidents), 0);
}

static void place_done(struct place *h)
{
	incidents__free(h->incidents);
	ring__free(h->ring);
	encoder__free(h->encoder);
	buf_done(&h->bytes);
}

/* As the writer does it: the recording, then whoever is open. */
static void step(struct place *h, bool key)
{
	struct ring_entry entry;
	bool is_key;

	rw_step(&h->world, STEP);
	buf_clear(&h->bytes);
	assert_int_equal(encoder__encode(h->encoder, &h->world.s, key || ring__wants_key(h->ring),
					 &h->bytes, &is_key),
			 0);
	entry = (struct ring_entry){ h->world.s.time_ns, h->world.s.wall_ns, is_key };
	assert_int_equal(ring__append(h->ring, &entry, h->bytes.data, h->bytes.len), 0);
	incidents__append(h->incidents, h->ring, &entry, h->bytes.data, h->bytes.len);
}

static void steps(struct place *h, int n)
{
	int i;

	for (i = 0; i < n; i++)
		step(h, i % 12 == 0);
}

static int begin(struct place *h, const char *id, __u64 from_wall_ns)
{
	const struct incident_begin b = {
		.finding = "{\"the\":\"finding\"}",
		.finding_len = 17,
		.host = "{\"the\":\"host\"}",
		.host_len = 14,
		.from_wall_ns = from_wall_ns,
	};

	return incidents__begin(h->incidents, id, &b, h->ring);
}

static void finish(struct place *h, const char *id)
{
	assert_int_equal(incidents__end(h->incidents, id, "{\"it\":\"ended\"}", 14), 0);
}

static bool is_there(const char *path)
{
	char full[192];
	struct stat st;

	snprintf(full, sizeof(full), "%s/incidents/%s", root, path);
	return !lstat(full, &st);
}

static void holds(const char *path, const char *text)
{
	char full[192], got[256];
	ssize_t n;
	int fd;

	snprintf(full, sizeof(full), "%s/incidents/%s", root, path);
	fd = open(full, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	n = read(fd, got, sizeof(got));
	close(fd);
	assert_int_equal(n, strlen(text));
	assert_memory_equal(got, text, n);
}

/*
 * Wall clocks of the first and the last snapshot in an incident, and how many. full: it ran out of
 * room, where a key that is small enough may still have found some.
 */
static int replayed_of(const char *id, bool full, __u64 *ret_first_ns, __u64 *ret_last_ns)
{
	const struct replay_range all = { 0 };
	struct snapshot snapshot;
	struct source *source;
	char path[64];
	int n = 0, err;

	snprintf(path, sizeof(path), "incidents/%s/ring", id);
	assert_int_equal(replay__open(folder(path), &all, &source), 0);
	while ((err = source__next(source, &snapshot)) > 0) {
		if (!n++)
			*ret_first_ns = snapshot.wall_ns;
		assert_true(n == 1 || full || snapshot.wall_ns == *ret_last_ns + STEP); /* no gap */
		*ret_last_ns = snapshot.wall_ns;
	}
	assert_int_equal(err, 0);
	assert_int_equal(replay__undecodable(source), 0);
	source__free(source);
	return n;
}

static int replayed(const char *id, __u64 *ret_first_ns, __u64 *ret_last_ns)
{
	return replayed_of(id, false, ret_first_ns, ret_last_ns);
}

static void from_the_minutes_before_to_its_end(void **state)
{
	struct place h;
	__u64 first, last;

	place_init(&h, 10, 64 << 20);
	steps(&h, 240); /* 20 minutes, over several segments */
	assert_true(ring__stat(h.ring)->segments > 2);
	assert_int_equal(begin(&h, "0123456789ab", h.world.s.wall_ns - 300 * SECOND), 0);
	steps(&h, 20);
	assert_int_equal(incidents__update(h.incidents, "0123456789ab", "{}", 2), 0);
	holds("0123456789ab/finding.json", "{}");
	steps(&h, 4);
	finish(&h, "0123456789ab");
	steps(&h, 30);
	holds("0123456789ab/finding.json", "{\"it\":\"ended\"}");
	holds("0123456789ab/host.json", "{\"the\":\"host\"}");
	assert_true(replayed("0123456789ab", &first, &last) > 84);
	/* The key at or before five minutes before, and a minute lies between two keys. */
	assert_in_range(first, h.began_ns + (240 - 60 - 12) * STEP, h.began_ns + (240 - 60) * STEP);
	assert_int_equal(last, h.began_ns + (240 + 24) * STEP);
	assert_int_equal(incidents__stat(h.incidents)->begun, 1);
	assert_int_equal(incidents__update(h.incidents, "0123456789ab", "{}", 2), -ENOENT);
	place_done(&h);
}

/* Closed before the finding is over: its last words still come, and no snapshot. */
/* A vigie that was replaced a minute ago left entries of its version in the recording. */
static void what_a_former_vigie_wrote_stays_readable(void **state)
{
	static const char from[] = "tests/golden/recording-606e877/ring/00000001.seg";
	const struct replay_range all = { 0 };
	static char bytes[256 << 10];
	struct snapshot snapshot;
	struct source *source;
	struct place h;
	FILE *file = fopen(from, "rb");
	size_t len;
	int n = 0, fd;

	assert_non_null(file);
	len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	fd = openat(folder("ring"), "00000001.seg", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
	place_init(&h, 10, 64 << 20);
	h.world.s.wall_ns = 1795979300 * SECOND; /* soon after its last */
	steps(&h, 5);
	assert_int_equal(begin(&h, "0123456789ab", h.world.s.wall_ns - 300 * SECOND), 0);
	steps(&h, 3);
	finish(&h, "0123456789ab");
	assert_int_equal(replay__open(folder("incidents/0123456789ab/ring"), &all, &source), 0);
	while (source__next(source, &snapshot) > 0)
		n++;
	assert_int_equal(n, 46 + 5 + 3);
	assert_int_equal(replay__undecodable(source), 0);
	source__free(source);
	place_done(&h);
}

static void what_is_closed_hears_of_its_end(void **state)
{
	__u64 first, last, bytes;
	struct place h;

	place_init(&h, 10, 64 << 20);
	steps(&h, 12);
	assert_int_equal(incidents__end(h.incidents, "0123456789ab", "{}", 2), -ENOENT);
	assert_false(is_there("0123456789ab"));
	assert_int_equal(begin(&h, "0123456789ab", h.world.s.wall_ns), 0);
	steps(&h, 4);
	assert_int_equal(incidents__end(h.incidents, "0123456789ab", "{1}", 3), 0);
	holds("0123456789ab/finding.json", "{1}");
	bytes = incidents__stat(h.incidents)->bytes;
	steps(&h, 10);
	assert_int_equal(incidents__end(h.incidents, "0123456789ab", "{2}", 3), 0);
	holds("0123456789ab/finding.json", "{2}");
	assert_int_equal(incidents__end(h.incidents, "0123456789ab", "", 0), 0);
	holds("0123456789ab/finding.json", "{2}");
	assert_int_equal(incidents__end(h.incidents, "../../../../x", "{}", 2), -ENOENT);
	assert_int_equal(incidents__stat(h.incidents)->bytes, bytes);
	assert_in_range(replayed("0123456789ab", &first, &last), 4, 16);
	assert_int_equal(last, h.began_ns + 16 * STEP);
	place_done(&h);
}

static __u64 bytes_read(void)
{
	unsigned long long n = 0;
	FILE *f = fopen("/proc/self/io", "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "rchar: %llu", &n), 1);
	fclose(f);
	return n;
}

/* Five minutes are wanted: the hours before are not read. */
static void the_rest_of_the_recording_is_not_read(void **state)
{
	struct place h;
	__u64 before;

	place_init(&h, 10, 64 << 20);
	steps(&h, 720);
	before = bytes_read();
	assert_int_equal(begin(&h, "0123456789ab", h.world.s.wall_ns - 300 * SECOND), 0);
	assert_true(ring__stat(h.ring)->disk_bytes > 4 << 20);
	assert_in_range(bytes_read() - before, 64 << 10, 3 << 20);
	place_done(&h);
}

static void id_of(char id[INCIDENT_ID_LEN], int i)
{
	snprintf(id, INCIDENT_ID_LEN, "%012x", i);
}

static void the_oldest_closed_ones_make_room(void **state)
{
	char id[INCIDENT_ID_LEN];
	struct place h;
	int i;

	place_init(&h, 3, 64 << 20);
	for (i = 0; i < 5; i++) {
		steps(&h, 12);
		id_of(id, i);
		assert_int_equal(begin(&h, id, h.world.s.wall_ns), 0);
		if (i != 1)
			finish(&h, id);
	}
	assert_false(is_there("000000000000"));
	assert_true(is_there("000000000001")); /* still open */
	assert_false(is_there("000000000002"));
	assert_true(is_there("000000000003"));
	assert_true(is_there("000000000004"));
	assert_int_equal(incidents__stat(h.incidents)->removed, 2);
	place_done(&h);
}

static void all_open_is_no_room(void **state)
{
	char id[INCIDENT_ID_LEN];
	struct place h;
	int i;

	place_init(&h, 3, 64 << 20);
	steps(&h, 3);
	for (i = 0; i < 4; i++) {
		id_of(id, i);
		assert_int_equal(begin(&h, id, 0), i < 3 ? 0 : -ENOSPC);
	}
	assert_int_equal(incidents__stat(h.incidents)->dropped, 1);
	assert_false(is_there("000000000003"));
	place_done(&h);
}

/* A week of the same finding: the others keep their evidence, and so does its beginning. */
static void what_never_ends_leaves_others_room(void **state)
{
	__u64 first, last, began, bytes;
	struct place h;

	place_init(&h, 10, 4 << 20);
	steps(&h, 24);
	assert_int_equal(begin(&h, "aaaaaaaaaaaa", 0), 0);
	finish(&h, "aaaaaaaaaaaa");
	bytes = incidents__stat(h.incidents)->bytes;
	began = h.world.s.wall_ns;
	assert_int_equal(begin(&h, "bbbbbbbbbbbb", began), 0);
	steps(&h, 600);
	assert_true(is_there("aaaaaaaaaaaa/finding.json"));
	assert_true(incidents__stat(h.incidents)->entries_dropped > 100);
	bytes = incidents__stat(h.incidents)->bytes - bytes;
	assert_in_range(bytes, 256 << 10, 512 << 10);
	finish(&h, "bbbbbbbbbbbb");
	assert_true(replayed_of("bbbbbbbbbbbb", true, &first, &last) > 20);
	assert_true(first <= began);
	place_done(&h);
}

/* Another vigie: what is there counts, and is closed. */
static void what_was_there_counts(void **state)
{
	const struct incidents_config two = { 2, 64 << 20 };
	struct place h;
	__u64 bytes;

	place_init(&h, 2, 64 << 20);
	steps(&h, 12);
	assert_int_equal(begin(&h, "aaaaaaaaaaaa", 0), 0);
	assert_int_equal(begin(&h, "bbbbbbbbbbbb", 0), 0);
	bytes = incidents__stat(h.incidents)->bytes;
	incidents__free(h.incidents);
	assert_int_equal(mkdirat(folder("incidents"), "not one of ours", 0700), 0);
	assert_int_equal(incidents__open(folder("incidents"), &two, &h.incidents), 0);
	assert_int_equal(incidents__stat(h.incidents)->bytes, bytes);
	assert_int_equal(begin(&h, "cccccccccccc", 0), 0);
	assert_true(is_there("not one of ours"));
	assert_int_equal(is_there("aaaaaaaaaaaa") + is_there("bbbbbbbbbbbb"), 1);
	place_done(&h);
}

static void names_of_others(void **state)
{
	static const char *const ids[] = { "",
					   ".",
					   "..",
					   "../../../x",
					   "0123456789a",
					   "0123456789abc",
					   "0123456789aB",
					   "0123/6789ab" };
	static const char *const names[] = { "",     ".x",	     "..",  "a/b",	"host.json",
					     "ring", "finding.json", "a b", "\x1b[31m", "a\nb" };
	struct place h;
	size_t i;

	place_init(&h, 3, 64 << 20);
	steps(&h, 2);
	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		assert_int_equal(begin(&h, ids[i], 0), -EINVAL);
	assert_int_equal(begin(&h, "0123456789ab", 0), 0);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(incidents__attach(h.incidents, "0123456789ab", names[i], "x", 1),
				 -EINVAL);
	assert_int_equal(incidents__attach(h.incidents, "bbbbbbbbbbbb", "stacks.vigie", "x", 1),
			 -ENOENT);
	assert_int_equal(incidents__attach(h.incidents, "0123456789ab", "stacks.vigie", "",
					   17 << 20),
			 -EFBIG);
	assert_int_equal(incidents__attach(h.incidents, "0123456789ab", "stacks.vigie", "some", 4),
			 0);
	holds("0123456789ab/stacks.vigie", "some");
	/* A link where a folder should be leads nowhere. */
	assert_int_equal(symlinkat("/tmp", folder("incidents"), "cccccccccccc"), 0);
	assert_true(begin(&h, "cccccccccccc", 0) < 0);
	assert_int_equal(access("/tmp/finding.json", F_OK), -1);
	place_done(&h);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(from_the_minutes_before_to_its_end),
		IN_PLACE(what_a_former_vigie_wrote_stays_readable),
		IN_PLACE(what_is_closed_hears_of_its_end),
		IN_PLACE(the_rest_of_the_recording_is_not_read),
		IN_PLACE(the_oldest_closed_ones_make_room),
		IN_PLACE(all_open_is_no_room),
		IN_PLACE(what_never_ends_leaves_others_room),
		IN_PLACE(what_was_there_counts),
		IN_PLACE(names_of_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
