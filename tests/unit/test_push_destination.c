// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_push_destination.c - what becomes of a batch: order, bounds, retries, the disk, the end.
 *
 * Every point that was put is taken, dropped for a reason, or waits: check_books() after each step.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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

#include "base/units.h"
#include "push/destination.h"

enum { BODY = 1000, QUEUE_MAX = 10 * BODY, BLOCK = 4096 };

struct scene {
	struct destination d;
	char root[40];
	int root_fd;
	__u64 now_ns, wall_ns, wake_ns;
	__u64 put; /* points */
	size_t largest; /* body */
};

static void scene_open(struct scene *s, __u64 spool_max)
{
	struct spool spool;

	assert_int_equal(spool_open(&spool, s->root_fd, "there", 1, spool_max),
			 s->root_fd < 0 ? -ENOENT : 0);
	assert_int_equal(destination_init(&s->d, &spool, QUEUE_MAX, s->now_ns), 0);
	s->put = 0;
	if (!s->largest)
		s->largest = BODY;
}

/* spool_max 0: without a spool. */
static void scene_begin(struct scene *s, __u64 spool_max)
{
	*s = (struct scene){ .root_fd = -1, .now_ns = 1000 * NS_PER_S, .wall_ns = 5 * NS_PER_S };
	if (spool_max) {
		snprintf(s->root, sizeof(s->root), "/tmp/vigie-unit-XXXXXX");
		assert_non_null(mkdtemp(s->root));
		s->root_fd = open(s->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(s->root_fd >= 0);
	}
	scene_open(s, spool_max);
}

static unsigned int count_files(const struct scene *s, bool remove)
{
	char path[80], file[400];
	struct dirent *entry;
	unsigned int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/there", s->root);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		n++;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		if (remove)
			assert_int_equal(unlink(file), 0);
	}
	closedir(dir);
	if (remove)
		assert_int_equal(rmdir(path), 0);
	return n;
}

static void scene_end(struct scene *s)
{
	destination_done(&s->d);
	if (s->root_fd < 0)
		return;
	count_files(s, true);
	close(s->root_fd);
	assert_int_equal(rmdir(s->root), 0);
}

static __u64 waiting(const struct scene *s)
{
	const struct push_batch *batch;
	__u64 points = 0;

	for (batch = s->d.queue.first; batch; batch = batch->next)
		points += batch->points;
	return points;
}

static __u64 dropped(const struct scene *s)
{
	__u64 points = 0;
	unsigned int i;

	for (i = 0; i < PUSH_DROPS; i++)
		points += s->d.dropped[i];
	return points;
}

static void check_books(const struct scene *s)
{
	const struct push_batch *batch;
	size_t bytes = 0, n = 0;

	assert_int_equal(s->put, s->d.points + dropped(s) + waiting(s));
	for (batch = s->d.queue.first; batch; batch = batch->next, n++)
		bytes += batch->data ? batch->len : 0;
	assert_int_equal(bytes, s->d.queue.bytes);
	assert_int_equal(n, s->d.queue.n);
	/* One from the disk may be on its way beside all that waits. */
	assert_in_range(bytes, 0, QUEUE_MAX + s->largest);
}

/* Its bytes all say its number. */
static void put_sized(struct scene *s, unsigned int number, size_t len)
{
	unsigned char body[2 * QUEUE_MAX];
	const struct push_batch batch = {
		.data = body, .len = len, .points = number, .wall_ns = s->wall_ns
	};

	assert_true(len <= sizeof(body));
	memset(body, (int)number, len);
	destination_put(&s->d, &batch, s->now_ns);
	memset(body, 0xee, len); /* it was copied */
	s->put += number;
	if (len <= QUEUE_MAX && len > s->largest)
		s->largest = len;
	check_books(s);
}

static void put(struct scene *s, unsigned int number)
{
	put_sized(s, number, BODY);
}

/* What is due now: its number, 0: nothing. */
static unsigned int next(struct scene *s)
{
	const struct push_batch *batch = destination_next(&s->d, s->now_ns, &s->wake_ns);
	size_t i;

	check_books(s);
	if (!batch)
		return 0;
	assert_non_null(batch->data);
	for (i = 0; i < batch->len; i++)
		assert_int_equal(batch->data[i], (unsigned char)batch->points);
	return batch->points;
}

static enum push_verdict answer(struct scene *s, unsigned int status)
{
	const struct push_answer a = { .status = status, .failure = PUSH_RETRY_TIMEOUT };
	enum push_verdict verdict = destination_answered(&s->d, &a, s->now_ns, s->wall_ns,
							 UINT32_MAX);

	check_books(s);
	return verdict;
}

static void test_order(void **state)
{
	struct scene s;
	unsigned int i;

	scene_begin(&s, 0);
	assert_int_equal(next(&s), 0);
	assert_int_equal(s.wake_ns, UINT64_MAX);
	for (i = 1; i <= 3; i++)
		put(&s, i);
	for (i = 1; i <= 3; i++) {
		assert_int_equal(next(&s), i);
		assert_int_equal(next(&s), 0); /* one at a time */
		assert_int_equal(answer(&s, 200 + i), PUSH_DONE);
	}
	assert_int_equal(s.d.batches, 3);
	assert_int_equal(s.d.points, 6);
	assert_int_equal(s.d.last_success_wall_ns, s.wall_ns);
	assert_int_equal(s.d.queue.bytes, 0);
	scene_end(&s);
}

/* The oldest goes, but never the one that somebody is sending. */
static void test_queue_full(void **state)
{
	struct scene s;
	unsigned int i;

	scene_begin(&s, 0);
	for (i = 1; i <= 10; i++)
		put(&s, i);
	assert_int_equal(next(&s), 1);
	put(&s, 11);
	assert_int_equal(s.d.dropped[PUSH_DROP_QUEUE], 2);
	assert_int_equal(s.d.dropped_batches[PUSH_DROP_QUEUE], 1);
	answer(&s, 200);
	assert_int_equal(next(&s), 3);
	answer(&s, 200);
	/* One that would never fit displaces nobody. */
	put_sized(&s, 99, QUEUE_MAX + 1);
	assert_int_equal(s.d.dropped[PUSH_DROP_QUEUE], 2 + 99);
	assert_int_equal(next(&s), 4);
	scene_end(&s);
}

/* A server that answers nothing: what is on its way fills memory by itself. */
static void test_all_on_its_way(void **state)
{
	struct scene s;

	scene_begin(&s, 0);
	put_sized(&s, 1, QUEUE_MAX);
	assert_int_equal(next(&s), 1);
	put(&s, 2);
	assert_int_equal(s.d.dropped[PUSH_DROP_QUEUE], 2);
	answer(&s, 200);
	assert_int_equal(s.d.points, 1);
	scene_end(&s);
}

static void test_retry(void **state)
{
	struct scene s;

	scene_begin(&s, 0);
	put(&s, 1);
	put(&s, 2);
	assert_int_equal(next(&s), 1);
	assert_int_equal(answer(&s, 503), PUSH_RETRY);
	assert_int_equal(s.d.retries[PUSH_RETRY_UNAVAILABLE], 1);
	assert_int_equal(next(&s), 0); /* the second does not overtake */
	assert_int_equal(s.wake_ns, s.now_ns + NS_PER_S);
	s.now_ns = s.wake_ns - 1;
	assert_int_equal(next(&s), 0);
	s.now_ns++;
	assert_int_equal(next(&s), 1);
	assert_int_equal(answer(&s, 429), PUSH_RETRY);
	assert_int_equal(s.d.retries[PUSH_RETRY_THROTTLED], 1);
	next(&s);
	assert_int_equal(s.wake_ns, s.now_ns + 2 * NS_PER_S);
	s.now_ns = s.wake_ns;
	assert_int_equal(next(&s), 1);
	assert_int_equal(answer(&s, 0), PUSH_RETRY);
	assert_int_equal(s.d.retries[PUSH_RETRY_TIMEOUT], 1);
	s.now_ns += 4 * NS_PER_S;
	assert_int_equal(next(&s), 1);
	assert_int_equal(answer(&s, 204), PUSH_DONE);
	assert_int_equal(next(&s), 2); /* at once: it is well again */
	assert_int_equal(answer(&s, 503), PUSH_RETRY);
	next(&s);
	assert_int_equal(s.wake_ns, s.now_ns + NS_PER_S); /* and begins with a second */
	scene_end(&s);
}

static __u64 wait_after(struct scene *s, unsigned int status, const char *retry_after)
{
	const struct push_answer a = { .status = status, .retry_after = retry_after };

	assert_true(next(s));
	destination_answered(&s->d, &a, s->now_ns, s->wall_ns, UINT32_MAX);
	assert_int_equal(next(s), 0);
	s->now_ns = s->wake_ns;
	return s->wake_ns;
}

static void test_retry_after(void **state)
{
	struct scene s;
	__u64 before;

	scene_begin(&s, 0);
	put(&s, 1);
	before = s.now_ns;
	assert_int_equal(wait_after(&s, 429, "100") - before, 100 * NS_PER_S);
	before = s.now_ns;
	assert_int_equal(wait_after(&s, 503, "0") - before,
			 NS_PER_S); /* not at once, over and over */
	before = s.now_ns;
	assert_int_equal(wait_after(&s, 503, "Thu, 01 Jan 1970 00:00:15 GMT") - before,
			 10 * NS_PER_S); /* it is 00:00:05 */
	before = s.now_ns;
	assert_int_equal(wait_after(&s, 503, "nonsense") - before, 8 * NS_PER_S); /* as without */
	scene_end(&s);
}

static void test_poison(void **state)
{
	struct scene s;

	scene_begin(&s, 0);
	put(&s, 1);
	put(&s, 2);
	assert_int_equal(next(&s), 1);
	assert_int_equal(answer(&s, 400), PUSH_POISON);
	assert_int_equal(s.d.dropped[PUSH_DROP_REJECTED], 1);
	assert_int_equal(next(&s), 2); /* it does not stand in the way of others */
	assert_int_equal(answer(&s, 302), PUSH_POISON);
	assert_int_equal(s.d.dropped_batches[PUSH_DROP_REJECTED], 2);
	assert_int_equal(s.d.batches, 0);
	scene_end(&s);
}

static void test_partial(void **state)
{
	struct push_answer a = { .status = 200, .rejected = 3 };
	struct scene s;

	scene_begin(&s, 0);
	put(&s, 10);
	assert_int_equal(next(&s), 10);
	destination_answered(&s.d, &a, s.now_ns, s.wall_ns, 0);
	check_books(&s);
	assert_int_equal(s.d.points, 7);
	assert_int_equal(s.d.dropped[PUSH_DROP_PARTIAL], 3);
	put(&s, 10);
	assert_int_equal(next(&s), 10);
	a.rejected = UINT64_MAX; /* more than there were */
	destination_answered(&s.d, &a, s.now_ns, s.wall_ns, 0);
	check_books(&s);
	assert_int_equal(s.d.dropped[PUSH_DROP_PARTIAL], 13);
	scene_end(&s);
}

static void test_expires_in_memory(void **state)
{
	struct scene s;

	scene_begin(&s, 0);
	put(&s, 1);
	s.now_ns += 60 * NS_PER_S;
	put(&s, 2);
	assert_int_equal(next(&s), 1);
	answer(&s, 503);
	s.now_ns += 14 * 60 * NS_PER_S + 1; /* 15 minutes of the first, 14 of the second */
	assert_int_equal(next(&s), 2);
	assert_int_equal(s.d.dropped[PUSH_DROP_EXPIRED], 1);
	answer(&s, 200);
	scene_end(&s);
}

static void test_stop_without_spool(void **state)
{
	struct scene s;

	scene_begin(&s, 0);
	put(&s, 1);
	put(&s, 2);
	next(&s);
	destination_stop(&s.d);
	check_books(&s);
	assert_int_equal(s.d.dropped[PUSH_DROP_STOPPED], 3);
	scene_end(&s);
}

/* --- With a disk. -------------------------------------------------------------------- */

static void test_well_costs_no_disk(void **state)
{
	struct scene s;

	scene_begin(&s, 1 << 20);
	put(&s, 1);
	assert_int_equal(next(&s), 1);
	put(&s, 2);
	assert_int_equal(count_files(&s, false), 0);
	answer(&s, 200);
	assert_int_equal(next(&s), 2);
	answer(&s, 200);
	assert_int_equal(count_files(&s, false), 0);
	scene_end(&s);
}

/* What waits outlives the process that made it, in its order, and longer than memory would. */
static void test_restart(void **state)
{
	struct scene s;
	unsigned int i;

	scene_begin(&s, 1 << 20);
	for (i = 1; i <= 3; i++)
		put(&s, i);
	assert_int_equal(next(&s), 1);
	answer(&s, 503);
	assert_int_equal(count_files(&s, false), 3);
	assert_int_equal(s.d.queue.bytes, 0);
	put(&s, 4); /* while it is not well: to the disk as well */
	assert_int_equal(count_files(&s, false), 4);
	destination_done(&s.d); /* kill -9 */

	s.now_ns += 3600 * NS_PER_S;
	scene_open(&s, 1 << 20);
	s.put = 10;
	check_books(&s);
	put(&s, 5); /* behind them */
	for (i = 1; i <= 5; i++) {
		s.now_ns += 20 * 60 * NS_PER_S;
		if (i == 5)
			break; /* that one was in memory only */
		assert_int_equal(next(&s), i);
		answer(&s, 200);
	}
	assert_int_equal(next(&s), 0);
	assert_int_equal(s.d.dropped[PUSH_DROP_EXPIRED], 5);
	assert_int_equal(count_files(&s, false), 0);
	assert_int_equal(s.d.spool.used, 0);
	scene_end(&s);
}

static void test_stop_with_spool(void **state)
{
	struct scene s;

	scene_begin(&s, 1 << 20);
	put(&s, 1);
	put(&s, 2);
	next(&s);
	destination_stop(&s.d);
	check_books(&s);
	assert_int_equal(dropped(&s), 0);
	assert_int_equal(count_files(&s, false), 2);
	destination_done(&s.d);
	scene_open(&s, 1 << 20);
	s.put = 3;
	assert_int_equal(next(&s), 1); /* again: nobody had answered */
	scene_end(&s);
}

/* More than memory holds goes to the disk, more than that holds is lost, the oldest first. */
static void test_spool_full(void **state)
{
	struct scene s;
	unsigned int i;

	scene_begin(&s, 3 * BLOCK); /* three small files */
	put(&s, 1);
	assert_int_equal(next(&s), 1);
	answer(&s, 503);
	for (i = 2; i <= 5; i++)
		put(&s, i);
	assert_int_equal(count_files(&s, false), 3);
	assert_int_equal(s.d.dropped[PUSH_DROP_SPOOL], 1 + 2);
	s.now_ns += 3600 * NS_PER_S;
	assert_int_equal(next(&s), 3);
	put(&s, 6); /* not the one that is being sent */
	assert_int_equal(s.d.dropped[PUSH_DROP_SPOOL], 1 + 2 + 4);
	answer(&s, 200);
	assert_int_equal(next(&s), 5);
	scene_end(&s);
}

static void test_memory_spills(void **state)
{
	struct scene s;
	unsigned int i;

	scene_begin(&s, 1 << 20);
	put(&s, 1);
	assert_int_equal(next(&s), 1); /* and it hangs */
	for (i = 2; i <= 30; i++)
		put(&s, i);
	assert_int_equal(dropped(&s), 0);
	assert_in_range(s.d.queue.bytes, 1, QUEUE_MAX);
	answer(&s, 200);
	for (i = 2; i <= 30; i++) {
		assert_int_equal(next(&s), i);
		answer(&s, 200);
	}
	assert_int_equal(count_files(&s, false), 0);
	scene_end(&s);
}

static void damage(const struct scene *s, unsigned int seq, off_t at, const char *with, size_t len)
{
	char path[120];
	int fd;

	snprintf(path, sizeof(path), "%s/there/%016x.batch", s->root, seq);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	if (len)
		assert_int_equal(pwrite(fd, with, len, at), len);
	else
		assert_int_equal(ftruncate(fd, at), 0);
	close(fd);
}

/* Each in a way of its own; the good ones among them are sent. */
static void test_damaged(void **state)
{
	char path[120];
	struct scene s;
	unsigned int i;

	scene_begin(&s, 1 << 20);
	for (i = 1; i <= 8; i++)
		put(&s, i);
	next(&s);
	answer(&s, 503);
	destination_done(&s.d);
	damage(&s, 1, 100, "\xff", 1); /* a byte of the body */
	damage(&s, 2, 500, NULL, 0); /* cut */
	damage(&s, 3, 5000, "x", 1); /* longer */
	damage(&s, 4, 0, "VGPUSH9", 7); /* another's */
	damage(&s, 5, 16, "\x7f\x7f", 2); /* points */
	snprintf(path, sizeof(path), "%s/there/%016x.batch", s.root, 6);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0); /* who opens it would wait */
	snprintf(path, sizeof(path), "%s/there/README", s.root);
	i = (unsigned int)open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close((int)i);
	scene_open(&s, 1 << 20);
	s.put = 7 + 8;
	assert_int_equal(s.d.spool.refused, 6);
	assert_int_equal(next(&s), 7);
	answer(&s, 200);
	assert_int_equal(next(&s), 8);
	answer(&s, 200);
	assert_int_equal(next(&s), 0);
	assert_int_equal(count_files(&s, false), 1); /* what is not ours stays */
	scene_end(&s);
}

/* Between being found and being sent. */
static void test_damaged_later(void **state)
{
	struct scene s;

	scene_begin(&s, 1 << 20);
	put(&s, 1);
	put(&s, 2);
	next(&s);
	answer(&s, 503);
	damage(&s, 1, 100, "\xff", 1);
	s.now_ns += 3600 * NS_PER_S;
	assert_int_equal(next(&s), 2);
	assert_int_equal(s.d.dropped[PUSH_DROP_DAMAGED], 1);
	answer(&s, 200);
	assert_int_equal(s.d.spool.used, 0);
	scene_end(&s);
}

/* What was encoded otherwise would be read as something else. */
static void test_other_format(void **state)
{
	struct spool spool;
	struct scene s;

	scene_begin(&s, 1 << 20);
	put(&s, 1);
	next(&s);
	answer(&s, 503);
	destination_done(&s.d);
	assert_int_equal(spool_open(&spool, s.root_fd, "there", 2, 1 << 20), 0);
	assert_int_equal(destination_init(&s.d, &spool, QUEUE_MAX, s.now_ns), 0);
	assert_int_equal(s.d.spool.refused, 1);
	assert_int_equal(s.d.queue.n, 0);
	scene_end(&s);
}

/* A link in the spool's place is not followed. */
static void test_linked(void **state)
{
	char path[80];
	struct spool spool;
	struct scene s;

	scene_begin(&s, 1 << 20);
	snprintf(path, sizeof(path), "%s/link", s.root);
	assert_int_equal(symlink("/tmp", path), 0);
	assert_true(spool_open(&spool, s.root_fd, "link", 1, 1 << 20) < 0);
	assert_int_equal(spool.dir, -1);
	assert_int_equal(unlink(path), 0);
	scene_end(&s);
}

/* A disk that fails: what waits is in memory, and the first error is told. */
static void test_disk_fails(void **state)
{
	struct scene s;
	unsigned int i;

	scene_begin(&s, 1 << 20);
	close(s.d.spool.dir);
	s.d.spool.dir = open("/dev/null", O_RDONLY | O_CLOEXEC); /* is no directory */
	for (i = 1; i <= 11; i++)
		put(&s, i);
	assert_int_equal(s.d.dropped[PUSH_DROP_QUEUE], 1);
	assert_int_equal(next(&s), 2);
	answer(&s, 503);
	assert_true(s.d.spool_errors);
	assert_int_equal(s.d.spool_err, -ENOTDIR);
	s.now_ns += NS_PER_S;
	assert_int_equal(next(&s), 2);
	answer(&s, 200);
	scene_end(&s);
}

/* Anything may happen in any order: the books balance, and memory and disk stay bounded. */
static void test_any_order(void **state)
{
	static const unsigned int statuses[] = { 200, 200, 0, 429, 503, 400, 204 };
	unsigned int seed = 1, i, number = 0;
	struct scene s;

	scene_begin(&s, 20 * BLOCK);
	for (i = 0; i < 20000; i++) {
		seed = seed * 1103515245 + 12345;
		switch (seed >> 16 & 3) {
		case 0:
			put_sized(&s, number++ % 200 + 1, 1 + (seed >> 20) % (QUEUE_MAX + 100));
			break;
		case 1: s.now_ns += (__u64)(seed >> 18) * NS_PER_MS; break;
		case 2: next(&s); break;
		default:
			if (s.d.sending)
				answer(&s, statuses[(seed >> 20) % 7]);
		}
		assert_in_range(s.d.spool.used, 0, 20 * BLOCK);
	}
	assert_true(s.d.batches > 100);
	assert_true(s.d.dropped[PUSH_DROP_SPOOL] > 0);
	destination_stop(&s.d);
	check_books(&s);
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_queue_full),
		cmocka_unit_test(test_all_on_its_way),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_poison),
		cmocka_unit_test(test_partial),
		cmocka_unit_test(test_expires_in_memory),
		cmocka_unit_test(test_stop_without_spool),
		cmocka_unit_test(test_well_costs_no_disk),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_stop_with_spool),
		cmocka_unit_test(test_spool_full),
		cmocka_unit_test(test_memory_spills),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_damaged_later),
		cmocka_unit_test(test_other_format),
		cmocka_unit_test(test_linked),
		cmocka_unit_test(test_disk_fails),
		cmocka_unit_test(test_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
