// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_ring.c - record/ring, reader and replay against files that were cut, changed, filled up
 * or written by a process that was killed: what was written before is read back, nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "record/codec.h"
#include "record/replay.h"
#include "record/ring.h"
#include "record_world.h"

#define SECOND 1000000000ULL
#define HOUR (3600 * SECOND)

static char place[] = "/tmp/vigie-ring.XXXXXX";

static int make_place(void **state)
{
	memcpy(place + strlen(place) - 6, "XXXXXX", 6);
	return mkdtemp(place) ? 0 : -1;
}

static int remove_place(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", place);
	return system(command);
}

static int place_fd(void)
{
	int fd = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static const struct ring_config roomy = { .retention_ns = 24 * HOUR,
					  .max_bytes = 64 << 20,
					  .boot = 7 };

/* A world whose snapshots are encoded and appended. */
struct writer {
	struct record_world world;
	struct encoder *encoder;
	struct buf bytes;
	struct ring *ring;
	__u64 hashes[256]; /* of the encoded snapshots, by step */
	int steps;
	bool deaf; /* has not heard that a key is wanted */
};

static void writer_init(struct writer *w, const struct ring_config *config, __u64 seed)
{
	memset(w, 0, sizeof(*w));
	rw_init(&w->world, seed);
	w->encoder = encoder__new();
	assert_non_null(w->encoder);
	buf_init(&w->bytes, ENTRY_MAX);
	assert_int_equal(ring__open(place_fd(), config, &w->ring), 0);
}

static void writer_done(struct writer *w)
{
	ring__free(w->ring);
	encoder__free(w->encoder);
	buf_done(&w->bytes);
}

static int writer_step(struct writer *w, bool key)
{
	struct ring_entry entry;
	bool is_key;

	rw_step(&w->world, 5 * SECOND);
	buf_clear(&w->bytes);
	key |= !w->deaf && ring__wants_key(w->ring);
	assert_int_equal(encoder__encode(w->encoder, &w->world.s, key, &w->bytes, &is_key), 0);
	entry = (struct ring_entry){ w->world.s.time_ns, w->world.s.wall_ns, is_key };
	w->steps++;
	return ring__append(w->ring, &entry, w->bytes.data, w->bytes.len);
}

/* Reads everything: how many entries, each later than the one before. */
static int read_back(struct reader_stat *ret_stat, __u64 *ret_undecodable)
{
	const struct replay_range all = { 0 };
	struct snapshot snapshot;
	struct source *source;
	__u64 last = 0;
	int n = 0, err;

	if (ret_stat)
		memset(ret_stat, 0, sizeof(*ret_stat));
	err = replay__open(place_fd(), &all, &source);
	if (err == -ENODATA || err == -ENOENT)
		return 0;
	assert_int_equal(err, 0);
	while ((err = source__next(source, &snapshot)) > 0) {
		assert_true(snapshot.time_ns > last);
		last = snapshot.time_ns;
		n++;
	}
	assert_int_equal(err, 0);
	if (ret_stat)
		*ret_stat = *replay__stat(source);
	if (ret_undecodable)
		*ret_undecodable = replay__undecodable(source);
	source__free(source);
	return n;
}

static char *segment_path(unsigned int sequence)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%08x.seg", place, sequence);
	return path;
}

static char *slurp(const char *path, size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *data;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	data = malloc(st.st_size);
	assert_int_equal(read(fd, data, st.st_size), st.st_size);
	close(fd);
	*ret_len = st.st_size;
	return data;
}

static void spill(const char *path, const char *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
}

static void what_is_written_is_read(void **state)
{
	const struct replay_range all = { 0 };
	struct snapshot got;
	struct source *source;
	struct writer w;
	int i;

	writer_init(&w, &roomy, 1);
	for (i = 0; i < 30; i++)
		assert_int_equal(writer_step(&w, i % 10 == 9), 0);
	assert_int_equal(ring__sync(w.ring), 0);
	assert_int_equal(ring__stat(w.ring)->entries, 30);
	assert_true(ring__stat(w.ring)->bytes < ring__stat(w.ring)->raw_bytes);
	writer_done(&w);

	/* The same world again, beside what the disk says. */
	rw_init(&w.world, 1);
	assert_int_equal(replay__open(place_fd(), &all, &source), 0);
	for (i = 0; i < 30; i++) {
		rw_step(&w.world, 5 * SECOND);
		assert_int_equal(source__next(source, &got), 1);
		assert_int_equal(got.time_ns, w.world.s.time_ns);
		assert_int_equal(got.nprocesses, w.world.s.nprocesses);
		assert_memory_equal(got.processes, w.world.s.processes,
				    got.nprocesses * sizeof(*got.processes));
	}
	assert_int_equal(source__next(source, &got), 0);
	assert_int_equal(source__next(source, &got), 0);
	source__free(source);
}

static void a_range_begins_at_a_key(void **state)
{
	struct replay_range range = { 0 };
	struct snapshot got;
	struct source *source;
	struct writer w;
	__u64 begin;
	int i, in = 0;

	writer_init(&w, &roomy, 2);
	begin = w.world.s.wall_ns;
	for (i = 0; i < 40; i++)
		assert_int_equal(writer_step(&w, i % 12 == 0), 0);
	writer_done(&w);
	/* Entry n is at begin + 5 s x (n + 1): 20 to 25 are asked for, 12 is the key before. */
	range.from_wall_ns = begin + 21 * 5 * SECOND;
	range.to_wall_ns = begin + 26 * 5 * SECOND;
	assert_int_equal(replay__open(place_fd(), &range, &source), 0);
	for (i = 12; source__next(source, &got) > 0; i++) {
		assert_int_equal(got.wall_ns, begin + 5 * SECOND * (i + 1));
		assert_int_equal(replay__in_range(source), i >= 20);
		in += replay__in_range(source);
	}
	assert_int_equal(i, 26);
	assert_int_equal(in, 6);
	source__free(source);
	range.from_wall_ns = begin + HOUR;
	range.to_wall_ns = 0;
	assert_int_equal(replay__open(place_fd(), &range, &source), -ENODATA);
}

/* Another vigie, then another boot: what is made of the entries begins anew. */
static void each_life_begins_once(void **state)
{
	const struct replay_range all = { 0 };
	struct snapshot got;
	struct source *source;
	struct writer w;
	int i;

	writer_init(&w, &roomy, 5);
	for (i = 0; i < 9; i++) {
		if (i == 3)
			w.world.snapshots = 0;
		if (i == 6)
			w.world.s.time_ns = 0;
		assert_int_equal(writer_step(&w, i % 3 == 0), 0);
	}
	writer_done(&w);
	assert_int_equal(replay__open(place_fd(), &all, &source), 0);
	for (i = 0; source__next(source, &got) > 0; i++)
		assert_int_equal(replay__began(source), i % 3 == 0);
	assert_int_equal(i, 9);
	source__free(source);
}

/* Where an entry ends and the next begins with its head. */
static bool is_near_an_end(const size_t ends[], int n, size_t at)
{
	int i;

	for (i = 0; i < n; i++)
		if (at + 8 > ends[i] && at < ends[i] + 100)
			return true;
	return at < SEGMENT_HEAD + 100;
}

/*
 * A segment that ends at any byte: all whole entries, and no other. Each byte of what frames an entry;
 * of its content, which is one checksum's, some: each look costs a millisecond.
 */
static void cut_at_every_byte(void **state)
{
	struct writer w;
	size_t at, ends[8];
	int i, whole = 5;
	struct stat st;

	writer_init(&w, &roomy, 3);
	w.world.s.nprocesses = 0;
	for (i = 0; i < 5; i++) {
		assert_int_equal(writer_step(&w, false), 0);
		ends[i] = SEGMENT_HEAD + ring__stat(w.ring)->bytes;
	}
	writer_done(&w);
	assert_int_equal(stat(segment_path(1), &st), 0);
	assert_int_equal(st.st_size, ends[4]);
	for (at = ends[4] + 1; at > 0; at -= at <= 7 || is_near_an_end(ends, 5, at) ? 1 : 7) {
		/* Shorter each time: a file that is written anew is forced to the disk, each time. */
		assert_int_equal(truncate(segment_path(1), at - 1), 0);
		while (whole && ends[whole - 1] > at - 1)
			whole--;
		assert_int_equal(read_back(NULL, NULL), whole);
	}
}

/* One byte changed anywhere costs what leans on its entry, and is counted. */
static void one_flipped_byte(void **state)
{
	struct reader_stat stat;
	__u64 undecodable, skipped;
	struct writer w;
	size_t len, at;
	char *data;
	int i, n, j;

	writer_init(&w, &roomy, 4);
	for (i = 0; i < 6; i++)
		assert_int_equal(writer_step(&w, i == 3), 0);
	writer_done(&w);
	data = slurp(segment_path(1), &len);
	for (at = 0; at < len; at += 1 + at / 1000) {
		data[at] ^= 0x20;
		spill(segment_path(1), data, len);
		n = read_back(&stat, &undecodable);
		for (skipped = undecodable, j = 0; j < READER_SKIPS; j++)
			skipped += stat.skipped[j];
		/* Either half stands by itself; the file's header is all or nothing. */
		assert_true(at < SEGMENT_HEAD ? n == 0 : n >= 3 && n < 6);
		assert_true(!n || skipped);
		data[at] ^= 0x20;
	}
	free(data);
}

static void another_version_is_refused(void **state)
{
	struct writer w;
	size_t len;
	char *data;

	writer_init(&w, &roomy, 5);
	assert_int_equal(writer_step(&w, false), 0);
	writer_done(&w);
	data = slurp(segment_path(1), &len);
	data[8] = 2;
	/* With a sound checksum: it is what a later vigie would write. */
	*(__u32 *)(data + 44) = entry_crc(data, 44);
	spill(segment_path(1), data, len);
	assert_int_equal(read_back(NULL, NULL), 0);
	free(data);
}

static void files_of_others_are_left_alone(void **state)
{
	char path[160];
	struct writer w;

	snprintf(path, sizeof(path), "%s/notes.txt", place);
	spill(path, "mine", 4);
	assert_int_equal(symlink("/etc/passwd", segment_path(1)), 0);
	writer_init(&w, &roomy, 6);
	assert_int_equal(writer_step(&w, false), 0);
	writer_done(&w);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(read_back(NULL, NULL), 1);
}

static void a_delta_without_its_key_is_refused(void **state)
{
	const struct ring_entry delta = { SECOND, SECOND, false };
	struct writer w;

	writer_init(&w, &roomy, 7);
	assert_true(ring__wants_key(w.ring));
	assert_int_equal(ring__append(w.ring, &delta, "x", 1), -EPROTO);
	assert_int_equal(ring__stat(w.ring)->lost[RING_LOST_NOT_KEY], 1);
	assert_int_equal(writer_step(&w, false), 0);
	assert_false(ring__wants_key(w.ring));
	writer_done(&w);
	/* Begun anew: the old segment stays, and a key is wanted. */
	writer_init(&w, &roomy, 8);
	w.world.s.time_ns += HOUR;
	assert_true(ring__wants_key(w.ring));
	assert_int_equal(writer_step(&w, false), 0);
	assert_int_equal(read_back(NULL, NULL), 2);
	writer_done(&w);
}

/* Who encodes hears of a full segment some entries later: none of these is lost. */
static void deltas_go_on_in_a_full_segment(void **state)
{
	struct ring_config config = roomy;
	struct writer w;
	int i;

	config.max_bytes = 1 << 20;
	writer_init(&w, &config, 11);
	while (!w.steps || !ring__wants_key(w.ring))
		assert_int_equal(writer_step(&w, false), 0);
	w.deaf = true;
	for (i = 0; i < 20; i++)
		assert_int_equal(writer_step(&w, false), 0);
	assert_int_equal(ring__stat(w.ring)->segments, 1);
	w.deaf = false;
	assert_int_equal(writer_step(&w, false), 0);
	assert_int_equal(ring__stat(w.ring)->segments, 2);
	assert_int_equal(read_back(NULL, NULL), w.steps);
	writer_done(&w);
}

static void size_is_bounded(void **state)
{
	struct ring_config config = roomy;
	struct writer w;
	int i;

	config.max_bytes = 1 << 20;
	writer_init(&w, &config, 9);
	for (i = 0; i < 400; i++) {
		assert_int_equal(writer_step(&w, false), 0);
		assert_true(ring__stat(w.ring)->disk_bytes <= config.max_bytes);
	}
	assert_true(ring__stat(w.ring)->segments_removed > 3);
	assert_true(ring__stat(w.ring)->disk_bytes > config.max_bytes / 2);
	i = read_back(NULL, NULL);
	assert_true(i > 10 && i < 400);
	writer_done(&w);
}

/* Segments of 256 KiB, an hour apart each: two hours are kept, and one more is under way. */
static void age_is_bounded(void **state)
{
	struct ring_config config = roomy;
	struct writer w;
	int i;

	config.retention_ns = 2 * HOUR;
	writer_init(&w, &config, 10);
	for (i = 0; i < 300; i++) {
		assert_int_equal(writer_step(&w, false), 0);
		w.world.s.time_ns += 120 * SECOND;
		w.world.s.wall_ns += 120 * SECOND;
	}
	assert_true(ring__stat(w.ring)->segments_removed > 0);
	assert_true(read_back(NULL, NULL) < 300);
	assert_true(read_back(NULL, NULL) >= 57);
	writer_done(&w);
}

/* Other bounds hold at once, without an entry in between, and later. */
static void bounds_may_change(void **state)
{
	struct writer w;
	__u64 removed, before;
	int i;

	writer_init(&w, &roomy, 13);
	for (i = 0; i < 200; i++) {
		assert_int_equal(writer_step(&w, false), 0);
		ring__set_bounds(w.ring, roomy.retention_ns, roomy.max_bytes + i / 20);
		w.world.s.time_ns += 115 * SECOND;
		w.world.s.wall_ns += 115 * SECOND;
	}
	before = ring__stat(w.ring)->disk_bytes;
	assert_true(ring__stat(w.ring)->segments >= 10);
	assert_int_equal(ring__stat(w.ring)->segments_removed, 0);
	/* 199 times two minutes have passed: what ended more than three hours ago goes. */
	ring__set_bounds(w.ring, 3 * HOUR, roomy.max_bytes);
	removed = ring__stat(w.ring)->segments_removed;
	assert_true(removed > 0 && removed < 10);
	assert_true(ring__wants_key(w.ring));
	i = read_back(NULL, NULL);
	assert_true(i >= 90 && i < 200);
	ring__set_bounds(w.ring, 3 * HOUR, before / 4);
	assert_true(ring__stat(w.ring)->disk_bytes <= before / 4);
	assert_true(ring__stat(w.ring)->segments_removed > removed);
	assert_true(read_back(NULL, NULL) > 0);
	for (i = 0; i < 100; i++) {
		assert_int_equal(writer_step(&w, false), 0);
		assert_true(ring__stat(w.ring)->disk_bytes <= before / 4);
	}
	/* The same ones change nothing: no segment ends. */
	ring__set_bounds(w.ring, 3 * HOUR, before / 4);
	i = ring__wants_key(w.ring);
	assert_int_equal(writer_step(&w, false), 0);
	assert_true(i || ring__stat(w.ring)->lost[RING_LOST_NOT_KEY] == 0);
	writer_done(&w);
}

/* The clock on the wall jumps a year and back: nothing is lost that is not old. */
static void clock_jumps_delete_nothing(void **state)
{
	struct writer w;
	int i;

	writer_init(&w, &roomy, 11);
	for (i = 0; i < 100; i++) {
		if (i == 30)
			w.world.s.wall_ns += 366 * 24 * HOUR;
		if (i == 60)
			w.world.s.wall_ns -= 700 * 24 * HOUR;
		assert_int_equal(writer_step(&w, false), 0);
	}
	assert_int_equal(ring__stat(w.ring)->segments_removed, 0);
	writer_done(&w);
	assert_int_equal(read_back(NULL, NULL), 100);
	/* Another boot, its clock a year ahead at first. */
	writer_init(&w, &(struct ring_config){ roomy.retention_ns, roomy.max_bytes, 8 }, 12);
	w.world.s.time_ns += 1000 * HOUR;
	w.world.s.wall_ns += 366 * 24 * HOUR;
	for (i = 0; i < 100; i++)
		assert_int_equal(writer_step(&w, false), 0);
	assert_int_equal(ring__stat(w.ring)->segments_removed, 0);
	writer_done(&w);
}

static void fill_up(int fd)
{
	static char block[4096];

	while (write(fd, block, sizeof(block)) > 0)
		;
	assert_int_equal(errno, ENOSPC);
}

/* A real file system that is full: whole entries stay, and it goes on when there is room. */
static void a_full_disk(void **state)
{
	char path[160];
	struct writer w;
	int i, good = 0, fd;

	if (mount("none", place, "tmpfs", 0, "size=1m")) {
		print_message("a tmpfs cannot be mounted here\n");
		skip();
	}
	writer_init(&w, &roomy, 13);
	for (i = 0; i < 5; i++, good++)
		assert_int_equal(writer_step(&w, false), 0);
	snprintf(path, sizeof(path), "%s/filler", place);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	fill_up(fd);
	for (i = 0; i < 100; i++)
		good += !writer_step(&w, false);
	assert_true(ring__stat(w.ring)->lost[RING_LOST_NO_SPACE] > 50);
	assert_int_equal(read_back(NULL, NULL), good);
	assert_int_equal(ftruncate(fd, 0), 0);
	close(fd);
	for (i = 0; i < 5; i++, good++)
		assert_int_equal(writer_step(&w, false), 0);
	assert_int_equal(read_back(NULL, NULL), good);
	writer_done(&w);
	assert_int_equal(umount2(place, MNT_DETACH), 0);
}

static void a_disk_that_becomes_read_only(void **state)
{
	struct ring_config config = roomy;
	struct writer w;
	int i;

	if (mount("none", place, "tmpfs", 0, "size=8m")) {
		print_message("a tmpfs cannot be mounted here\n");
		skip();
	}
	config.max_bytes = 8 << 20;
	writer_init(&w, &config, 14);
	assert_int_equal(writer_step(&w, false), 0);
	writer_done(&w);
	assert_int_equal(mount("none", place, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
	writer_init(&w, &config, 15);
	for (i = 0; i < 3; i++)
		assert_int_equal(writer_step(&w, false), -EROFS);
	assert_int_equal(ring__stat(w.ring)->lost[RING_LOST_READ_ONLY], 3);
	assert_int_equal(mount("none", place, "tmpfs", MS_REMOUNT, NULL), 0);
	w.world.s.time_ns += HOUR;
	assert_int_equal(writer_step(&w, false), 0);
	writer_done(&w);
	assert_int_equal(read_back(NULL, NULL), 2);
	assert_int_equal(umount2(place, MNT_DETACH), 0);
}

/* Writes as fast as it can and says after each entry how many are on the disk. */
static void write_until_killed(int to, __u64 seed)
{
	struct ring_config config = roomy;
	struct writer w;
	int n = 0;

	writer_init(&w, &config, seed);
	w.world.s.time_ns += seed * HOUR;
	w.world.s.wall_ns += seed * HOUR;
	/* On a busy host it is killed late: not before its hour is full, which the next one has. */
	while (n < (int)(HOUR / (5 * SECOND)) - 1) {
		if (writer_step(&w, false))
			_exit(1);
		n++;
		if (write(to, &n, sizeof(n)) != sizeof(n))
			_exit(1);
	}
	for (;;)
		pause();
}

static int run_and_kill(__u64 seed, long after_ns)
{
	const struct timespec pause = { .tv_nsec = after_ns };
	int pipe_fds[2], said, n = 0;
	pid_t pid;

	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	pid = fork();
	if (!pid)
		write_until_killed(pipe_fds[1], seed);
	close(pipe_fds[1]);
	/* From its first entry on: the moments before that are no test of anything. */
	assert_int_equal(read(pipe_fds[0], &said, sizeof(said)), sizeof(said));
	n = said;
	nanosleep(&pause, NULL);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	while (read(pipe_fds[0], &said, sizeof(said)) == sizeof(said))
		n = said;
	close(pipe_fds[0]);
	return n;
}

/* 200 times: what was acknowledged is there; at most the one entry more that was under way. */
static void killed_two_hundred_times(void **state)
{
	int i, said, before = 0, now;

	for (i = 0; i < 200; i++) {
		if (i % 20 == 0) {
			remove_place(NULL);
			make_place(NULL);
			before = 0;
		}
		said = run_and_kill(i + 1, (long)(i * 7919 % 5000) * 1000);
		now = read_back(NULL, NULL);
		assert_true(now >= before + said);
		assert_true(now <= before + said + 1);
		before = now;
	}
}

int main(void)
{
#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)
	const struct CMUnitTest tests[] = {
		IN_PLACE(what_is_written_is_read),
		IN_PLACE(a_range_begins_at_a_key),
		IN_PLACE(each_life_begins_once),
		IN_PLACE(cut_at_every_byte),
		IN_PLACE(one_flipped_byte),
		IN_PLACE(another_version_is_refused),
		IN_PLACE(files_of_others_are_left_alone),
		IN_PLACE(a_delta_without_its_key_is_refused),
		IN_PLACE(deltas_go_on_in_a_full_segment),
		IN_PLACE(size_is_bounded),
		IN_PLACE(age_is_bounded),
		IN_PLACE(bounds_may_change),
		IN_PLACE(clock_jumps_delete_nothing),
		IN_PLACE(a_full_disk),
		IN_PLACE(a_disk_that_becomes_read_only),
		IN_PLACE(killed_two_hundred_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
