// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_moments.c - any moment of a history, in any order, is the snapshot that a replay has there; and
 * of what is kept in memory the snapshot that was added.
 */
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "record/codec.h"
#include "record/moments.h"
#include "record/replay.h"

enum { ENTRIES_MAX = 4096 };

/* A snapshot as a key: equal bytes are equal snapshots. */
static struct buf bytes_of(const struct snapshot *s)
{
	struct encoder *encoder = encoder__new();
	struct buf out;
	bool key;

	buf_init(&out, 16 << 20);
	assert_int_equal(encoder__encode(encoder, s, true, &out, &key), 0);
	encoder__free(encoder);
	return out;
}

static void assert_same(const struct snapshot *s, const struct buf *want)
{
	struct buf got = bytes_of(s);

	assert_int_equal(got.len, want->len);
	assert_memory_equal(got.data, want->data, got.len);
	buf_done(&got);
}

static int open_ring(void)
{
	const char *root = getenv("VIGIE_SRCDIR");
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/tests/golden/recording-606e877/ring", root ? root : ".");
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

struct replayed {
	struct buf bytes;
	__u64 time_ns, wall_ns, idle_ns, snapshots;
};

static size_t replay_all(struct replayed *all)
{
	const struct replay_range range = { 0 };
	struct source *source;
	struct snapshot s;
	size_t n = 0;

	assert_int_equal(replay__open(open_ring(), &range, &source), 0);
	while (source__next(source, &s) > 0) {
		assert_true(n < ENTRIES_MAX);
		all[n++] = (struct replayed){ bytes_of(&s), s.time_ns, s.wall_ns,
					      s.host.cpu.idle_ns, s.stat.snapshots };
	}
	source__free(source);
	return n;
}

static void assert_moment(struct moments *m, const struct replayed *all, size_t i)
{
	struct snapshot now, before;
	bool first = !i || all[i].snapshots != all[i - 1].snapshots + 1;

	assert_int_equal(moments__load(m, i, &now, &before), 0);
	assert_same(&now, &all[i].bytes);
	assert_int_equal(before.nprocesses, 0);
	assert_int_equal(before.time_ns, first ? 0 : all[i - 1].time_ns);
	if (!first)
		assert_int_equal(before.host.cpu.idle_ns, all[i - 1].idle_ns);
}

static void any_order(void **state)
{
	static struct replayed all[ENTRIES_MAX];
	size_t n = replay_all(all), i;
	struct moments *m;

	(void)state;
	assert_true(n > 10);
	assert_int_equal(moments__open(open_ring(), &m), 0);
	assert_int_equal(moments__count(m), n);
	for (i = 0; i < n; i++)
		assert_moment(m, all, i);
	for (i = n; i--;)
		assert_moment(m, all, i);
	for (i = 0; i < n; i++)
		assert_moment(m, all, i * 7919 % n);
	for (i = 0; i < n; i++) {
		assert_int_equal(moments__wall_ns(m, i), all[i].wall_ns);
		assert_int_equal(moments__find(m, all[i].wall_ns), i);
		assert_int_equal(moments__find(m, all[i].wall_ns + 1), i);
	}
	assert_int_equal(moments__find(m, 1), 0);
	moments__free(m);
	for (i = 0; i < n; i++)
		buf_done(&all[i].bytes);
}

static void world_fill(struct world *w, unsigned int i)
{
	world_next(w, SECOND);
	w->snapshot.stat.snapshots = i + 1;
	world_cgroup(w, 7, "/a.service");
	world_process(w, 1, "init", 7)->inc.user_ns = i;
	if (i % 3)
		world_process(w, 100 + i, "short", 7)->inc.wait_ns = 2 * i;
}

static void what_is_added(void **state)
{
	static struct world w;
	struct buf want[100];
	struct snapshot now, before;
	struct moments *m;
	unsigned int i;

	(void)state;
	assert_int_equal(moments__open(-1, &m), 0);
	assert_int_equal(moments__count(m), 0);
	assert_int_equal(moments__load(m, 0, &now, &before), -ENODATA);
	for (i = 0; i < 100; i++) {
		world_fill(&w, i);
		want[i] = bytes_of(&w.snapshot);
		assert_int_equal(moments__add(m, &w.snapshot), 0);
	}
	for (i = 100; i--;) {
		assert_int_equal(moments__load(m, i, &now, &before), 0);
		assert_same(&now, &want[i]);
		assert_int_equal(before.time_ns, i ? now.time_ns - SECOND : 0);
		buf_done(&want[i]);
	}
	moments__free(m);
}

/* Behind what a directory has. */
static void what_is_added_to_a_disk(void **state)
{
	static struct world w;
	struct snapshot now, before;
	struct moments *m;
	struct buf want;
	size_t n;

	(void)state;
	assert_int_equal(moments__open(open_ring(), &m), 0);
	n = moments__count(m);
	world_fill(&w, 1);
	want = bytes_of(&w.snapshot);
	assert_int_equal(moments__add(m, &w.snapshot), 0);
	assert_int_equal(moments__count(m), n + 1);
	assert_int_equal(moments__load(m, n, &now, &before), 0);
	assert_same(&now, &want);
	assert_int_equal(before.time_ns, 0); /* another life of vigie */
	assert_int_equal(moments__load(m, n - 1, &now, &before), 0);
	buf_done(&want);
	moments__free(m);
}

/* The oldest key of what was added goes with all that follows from it; the disk's stay. */
static void assert_room(size_t kept_max, size_t least, size_t most)
{
	enum { ADDED = 400 };
	static struct world w;
	struct buf want[ADDED];
	struct snapshot now, before;
	struct moments *m;
	size_t ndisk, n, i;
	__u64 gone;

	assert_int_equal(moments__open(open_ring(), &m), 0);
	ndisk = moments__count(m);
	moments__keep_at_most(m, kept_max);
	for (i = 0; i < ADDED; i++) {
		world_fill(&w, i);
		want[i] = bytes_of(&w.snapshot);
		assert_int_equal(moments__add(m, &w.snapshot), 0);
		assert_true(moments__wall_ns(m, moments__count(m) - 1) == w.snapshot.wall_ns);
	}
	n = moments__count(m);
	gone = moments__forgotten(m);
	assert_true(gone > 0);
	assert_int_equal(n, ndisk + ADDED - gone);
	assert_in_range(n - ndisk, least, most);
	assert_int_equal(moments__now_at(m, ndisk + ADDED - 1, 0), n - 1);
	assert_int_equal(moments__now_at(m, ndisk + gone, 0), ndisk);
	assert_int_equal(moments__now_at(m, ndisk + 1, 0), gone > 1 ? ndisk : ndisk + 1 - gone);
	assert_int_equal(moments__now_at(m, ndisk - 1, 0), ndisk - 1);
	assert_true(moments__is_key(m, ndisk));
	for (i = n; i-- > ndisk;) {
		assert_int_equal(moments__load(m, i, &now, &before), 0);
		assert_same(&now, &want[i - ndisk + gone]);
	}
	for (i = 0; i < ndisk; i++)
		assert_int_equal(moments__load(m, i, &now, &before), 0);
	for (i = 0; i < ADDED; i++)
		buf_done(&want[i]);
	moments__free(m);
}

/* For some keys, for less than what follows from one of them, for less than a key. */
static void what_has_no_room(void **state)
{
	(void)state;
	assert_room(20000, 31, 399);
	assert_room(1000, 1, 30);
	assert_room(1, 1, 1);
}

/* --- A directory that changes, or is damaged: a copy. */

static char copy_path[] = "/tmp/vigie-moments.XXXXXX";
static unsigned char ring_bytes[1 << 20];
static size_t ring_len;

static int copy_setup(void **state)
{
	int ring = open_ring(), fd = openat(ring, "00000001.seg", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	(void)state;
	memcpy(copy_path + strlen(copy_path) - 6, "XXXXXX", 6);
	assert_true(fd >= 0 && mkdtemp(copy_path));
	n = read(fd, ring_bytes, sizeof(ring_bytes));
	assert_true(n > 0 && (size_t)n < sizeof(ring_bytes));
	ring_len = n;
	close(fd);
	close(ring);
	return 0;
}

static void copy_write(const char *name, size_t len)
{
	int dir = open(copy_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0 && write(fd, ring_bytes, len) == (ssize_t)len);
	close(fd);
	close(dir);
}

static int copy_teardown(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/00000001.seg", copy_path);
	unlink(path);
	return rmdir(copy_path);
}

static struct moments *open_copy(void)
{
	struct moments *m;

	assert_int_equal(moments__open(open(copy_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), &m), 0);
	return m;
}

/* As a reader beside the writer sees it: more, each time that it looks. */
static void a_directory_that_grows(void **state)
{
	static struct replayed all[ENTRIES_MAX];
	size_t n = replay_all(all), i, part, before = 0;
	struct moments *m;

	(void)state;
	copy_write("00000001.seg", 48);
	m = open_copy();
	assert_int_equal(moments__count(m), 0);
	for (part = 1; part <= 7; part++) {
		copy_write("00000001.seg", part * ring_len / 7);
		assert_int_equal(moments__look_again(m), 0);
		assert_true(moments__count(m) > before);
		before = moments__count(m);
		for (i = 0; i < before; i += 3)
			assert_moment(m, all, i);
	}
	assert_int_equal(before, n);
	for (i = 0; i < n; i++) {
		assert_moment(m, all, i);
		buf_done(&all[i].bytes);
	}
	moments__free(m);
}

static size_t undecodable_in_copy(void)
{
	const struct replay_range range = { 0 };
	struct source *source;
	struct snapshot s;
	size_t n;

	assert_int_equal(replay__open(open(copy_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), &range,
				      &source),
			 0);
	while (source__next(source, &s) > 0)
		;
	n = replay__undecodable(source);
	source__free(source);
	return n;
}

/* How many of them cannot be had; those that can are what they were. */
static size_t missing_from(struct moments *m, const struct replayed *all)
{
	size_t missing = 0, k = 0, i;
	struct snapshot now, before;

	for (i = 0; i < moments__count(m); i++, k++) {
		while (all[k].wall_ns != moments__wall_ns(m, i))
			k++;
		if (moments__load(m, i, &now, &before))
			missing++;
		else
			assert_same(&now, &all[k].bytes);
	}
	return missing;
}

/* What follows a damaged entry is not there up to the next key: nothing false in its place. */
static void a_damaged_entry(void **state)
{
	static struct replayed all[ENTRIES_MAX];
	size_t n = replay_all(all), missing = 0, part, i;

	(void)state;
	for (part = 1; part < 12; part++) {
		unsigned char *byte = &ring_bytes[part * ring_len / 12];
		struct moments *m;

		*byte ^= 0x40;
		copy_write("00000001.seg", ring_len);
		*byte ^= 0x40;
		m = open_copy();
		assert_true(moments__skipped(m) >= 1);
		assert_int_equal(moments__count(m), n - 1);
		i = missing_from(m, all);
		assert_int_equal(i, undecodable_in_copy());
		missing += i;
		moments__free(m);
	}
	assert_true(missing > 0);
	for (i = 0; i < n; i++)
		buf_done(&all[i].bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order),
		cmocka_unit_test(what_is_added),
		cmocka_unit_test(what_is_added_to_a_disk),
		cmocka_unit_test(what_has_no_room),
		cmocka_unit_test_setup_teardown(a_directory_that_grows, copy_setup, copy_teardown),
		cmocka_unit_test_setup_teardown(a_damaged_entry, copy_setup, copy_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
