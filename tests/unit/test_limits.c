// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_limits.c - collect/limits over ordinary files in a temporary folder, laid out and worded
 * as the kernel words them (Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst).
 */
#include <errno.h>
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

#include "collect/limits.h"

#define SECOND 1000000000ull
#define MIB (1ull << 20)

enum { MANY = 700 };

static char root[96];
static struct limits *limits;
static __u64 now;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int begin(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(root, sizeof(root), "%s/vigie-limits-XXXXXX",
		 tmp && strlen(tmp) < 64 ? tmp : "/tmp");
	now = 1000 * SECOND;
	limits = NULL;
	return mkdtemp(root) ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	limits__free(limits);
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Makes the directories on the way. */
static void put(const char *path, const char *text)
{
	char full[512], *slash;
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	for (slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		if (mkdir(full, 0755) && errno != EEXIST)
			fail_msg("%s: %s", full, strerror(errno));
	}
	f = fopen(full, "w");
	if (!f || fputs(text, f) == EOF || fclose(f))
		fail_msg("%s: %s", full, strerror(errno));
}

static void drop(const char *path)
{
	char full[512];

	snprintf(full, sizeof(full), "%s/%s", root, path);
	assert_int_equal(unlink(full), 0);
}

static void open_limits(const char *cpu, bool cpu_v2, const char *memory, bool memory_v2)
{
	struct limits_config config = { .cpu_v2 = cpu_v2, .memory_v2 = memory_v2 };

	if (cpu)
		snprintf(config.cpu, sizeof(config.cpu), "%s%s", root, cpu);
	if (memory)
		snprintf(config.memory, sizeof(config.memory), "%s%s", root, memory);
	limits = limits__new(&config);
	assert_non_null(limits);
}

/* The stat of the only cgroup in use, or NULL. */
static const struct cgroup_stat *stat_of(const char *path)
{
	const struct cgroup_name name = { .id = 7, .path = path };
	const struct cgroup_stat *stats;
	size_t n = 99;

	stats = limits__read(limits, &name, 1, now, &n);
	assert_in_range(n, 0, 1);
	if (!n)
		return NULL;
	assert_int_equal(stats[0].id, 7);
	return stats;
}

#define CPU_STAT_V2                                        \
	"usage_usec 9000000\nuser_usec 1\nsystem_usec 2\n" \
	"nr_periods 120\nnr_throttled 34\nthrottled_usec 5678901\nnr_bursts 0\nburst_usec 0\n"

static void v2_cpu(void **state)
{
	const struct cgroup_stat *s;

	(void)state;
	put("a/b/cpu.max", "50000 100000\n");
	put("a/b/cpu.stat", CPU_STAT_V2);
	put("a/b/memory.max", "max\n");
	put("a/memory.max", "max\n");
	open_limits("", true, "", true);
	s = stat_of("/a/b");
	assert_non_null(s);
	assert_int_equal(s->periods, 120);
	assert_int_equal(s->throttled_periods, 34);
	assert_int_equal(s->throttled_ns, 5678901000);
	assert_int_equal(s->memory_limit, 0);
	assert_int_equal(s->memory_used, 0);
}

/* The lowest on the way up counts, and its own cgroup's use, not the leaf's. */
static void v2_memory_of_an_ancestor(void **state)
{
	const struct cgroup_stat *s;

	(void)state;
	put("a/memory.max", "1073741824\n");
	put("a/b/memory.max", "104857600\n");
	put("a/b/memory.current", "94371840\n");
	put("a/b/memory.stat", "anon 1\nfile 2\ninactive_anon 5\ninactive_file 10485760\n");
	put("a/b/c/memory.max", "209715200\n");
	put("a/b/c/memory.current", "4096\n");
	put("a/b/c/cpu.max", "max 100000\n");
	put("a/b/c/cpu.stat", CPU_STAT_V2);
	open_limits("", true, "", true);
	s = stat_of("/a/b/c");
	assert_non_null(s);
	assert_int_equal(s->memory_limit, 100 * MIB);
	assert_int_equal(s->memory_used, 90 * MIB);
	assert_int_equal(s->memory_working, 80 * MIB);
	assert_int_equal(s->periods, 0);
	assert_int_equal(s->throttled_ns, 0);
}

static void no_limits_nothing(void **state)
{
	(void)state;
	put("a/cpu.max", "max 100000\n");
	put("a/memory.max", "max\n");
	put("a/cpu.stat", CPU_STAT_V2);
	put("a/memory.current", "4096\n");
	open_limits("", true, "", true);
	assert_null(stat_of("/a"));
	assert_null(stat_of("/"));
	assert_null(stat_of("/gone"));
}

/* Each controller has a tree of its own; 9223372036854771712 is v1's "none". */
static void v1_both(void **state)
{
	const struct cgroup_stat *s;

	(void)state;
	put("cpu/a/cpu.cfs_quota_us", "20000\n");
	put("cpu/a/cpu.stat", "nr_periods 10\nnr_throttled 9\nthrottled_time 8000000007\n");
	put("memory/a/memory.limit_in_bytes", "9223372036854771712\n");
	open_limits("/cpu", false, "/memory", false);
	s = stat_of("/a");
	assert_non_null(s);
	assert_int_equal(s->periods, 10);
	assert_int_equal(s->throttled_periods, 9);
	assert_int_equal(s->throttled_ns, 8000000007);
	assert_int_equal(s->memory_limit, 0);

	put("cpu/b/cpu.cfs_quota_us", "-1\n");
	put("memory/b/memory.limit_in_bytes", "67108864\n");
	put("memory/b/memory.usage_in_bytes", "33554432\n");
	put("memory/b/memory.stat", "inactive_file 1\ntotal_inactive_file 1048576\n");
	now += 30 * SECOND;
	s = stat_of("/b");
	assert_non_null(s);
	assert_int_equal(s->periods, 0);
	assert_int_equal(s->memory_limit, 64 * MIB);
	assert_int_equal(s->memory_used, 32 * MIB);
	assert_int_equal(s->memory_working, 31 * MIB);
}

/* v1's cpu beside a unified hierarchy that has memory. */
static void each_controller_in_its_own_words(void **state)
{
	const struct cgroup_stat *s;

	(void)state;
	put("cpu/a/cpu.cfs_quota_us", "20000\n");
	put("cpu/a/cpu.stat", "nr_periods 10\nnr_throttled 9\nthrottled_time 8\n");
	put("unified/a/memory.max", "4096\n");
	put("unified/a/memory.current", "100\n");
	open_limits("/cpu", false, "/unified", true);
	s = stat_of("/a");
	assert_non_null(s);
	assert_int_equal(s->throttled_ns, 8);
	assert_int_equal(s->memory_limit, 4096);
	assert_int_equal(s->memory_used, 100);
	assert_int_equal(s->memory_working,
			 100); /* without memory.stat nothing is known to be idle */
}

static void only_one_controller(void **state)
{
	const struct cgroup_stat *s;

	(void)state;
	put("m/a/memory.max", "4096\n");
	put("m/a/memory.current", "100\n");
	open_limits(NULL, false, "/m", true);
	s = stat_of("/a");
	assert_non_null(s);
	assert_int_equal(s->memory_used, 100);
}

/* The figures are read each time, whose they are only twice a minute. */
static void limits_come_and_go(void **state)
{
	const struct cgroup_stat *s;

	(void)state;
	put("a/cpu.max", "max 100000\n");
	put("a/cpu.stat", "nr_periods 0\nnr_throttled 0\nthrottled_usec 0\n");
	put("a/memory.max", "max\n");
	put("a/memory.current", "8192\n");
	open_limits("", true, "", true);
	assert_null(stat_of("/a"));

	put("a/cpu.max", "1000 100000\n");
	put("a/cpu.stat", "nr_periods 1\nnr_throttled 1\nthrottled_usec 1\n");
	put("a/memory.max", "16384\n");
	now += 30 * SECOND - 1;
	assert_null(stat_of("/a"));
	now += 1;
	s = stat_of("/a");
	assert_non_null(s);
	assert_int_equal(s->throttled_ns, 1000);
	assert_int_equal(s->memory_limit, 16384);

	put("a/cpu.stat", "nr_periods 2\nnr_throttled 2\nthrottled_usec 3\n");
	put("a/memory.current", "12288\n");
	s = stat_of("/a");
	assert_int_equal(s->throttled_ns, 3000);
	assert_int_equal(s->memory_used, 12288);

	put("a/cpu.max", "max 100000\n"); /* the kernel keeps the totals */
	now += 30 * SECOND;
	s = stat_of("/a");
	assert_non_null(s);
	assert_int_equal(s->periods, 0);
	assert_int_equal(s->throttled_periods, 0);
	assert_int_equal(s->throttled_ns, 0);
	assert_int_equal(s->memory_limit, 16384);

	put("a/cpu.max", "1000 100000\n");
	put("a/memory.max", "max\n");
	now += 30 * SECOND;
	s = stat_of("/a");
	assert_non_null(s);
	assert_int_equal(s->periods, 2);
	assert_int_equal(s->memory_limit, 0);
	assert_int_equal(s->memory_used, 0);
	assert_int_equal(s->memory_working, 0);
}

/* A total that jumped to 0 and back would look like a burst of throttling. */
static void what_cannot_be_read_stays(void **state)
{
	const struct cgroup_stat *s;

	(void)state;
	put("a/cpu.max", "1000 100000\n");
	put("a/cpu.stat", CPU_STAT_V2);
	open_limits("", true, "", true);
	assert_non_null(stat_of("/a"));
	drop("a/cpu.stat");
	s = stat_of("/a");
	assert_non_null(s);
	assert_int_equal(s->periods, 120);
	assert_int_equal(s->throttled_ns, 5678901000);
}

static void what_is_not_a_number(void **state)
{
	static const char *const none[] = { "",	       "\n",	 "max\n",
					    "-4096\n", "junk\n", "99999999999999999999999999\n" };
	size_t i;

	(void)state;
	put("a/memory.current", "1\n");
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		put("a/memory.max", none[i]);
		put("a/cpu.max", i % 2 ? "max\n" : "");
		open_limits("", true, "", true);
		if (stat_of("/a"))
			fail_msg("'%s' is a limit", none[i]);
		limits__free(limits);
	}
	limits = NULL;
}

/* Half the cgroups have a quota, in no order of ids. */
static void make_many(struct cgroup_name *names, char (*paths)[32])
{
	char file[64];
	size_t i;

	for (i = 0; i < MANY; i++) {
		snprintf(paths[i], sizeof(paths[i]), "/c%zu", i);
		snprintf(file, sizeof(file), "c%zu/cpu.max", i);
		put(file, i % 2 ? "1000 100000\n" : "max 100000\n");
		snprintf(file, sizeof(file), "c%zu/cpu.stat", i);
		put(file, "nr_periods 5\nnr_throttled 5\nthrottled_usec 5\n");
		names[i] = (struct cgroup_name){ .id = 1 + i * 7919 % 10007, .path = paths[i] };
	}
}

static size_t known_periods(const struct cgroup_stat *stats, size_t n)
{
	size_t i, known = 0;

	for (i = 0; i < n; i++) {
		known += stats[i].periods == 5;
		if (i)
			assert_true(stats[i - 1].id < stats[i].id);
	}
	return known;
}

/* Nobody waits forever behind others, however rarely snapshots are taken. */
static void many_take_turns(void **state)
{
	static struct cgroup_name names[MANY];
	static char paths[MANY][32];
	const struct cgroup_stat *stats = NULL;
	size_t n = 0, first;
	int i;

	(void)state;
	make_many(names, paths);
	open_limits("", true, "", true);
	limits__read(limits, names, MANY, now, &first);
	assert_in_range(first, 1, MANY / 2 - 1); /* bounded work */
	for (i = 0; i < 20; i++) {
		now += 60 * SECOND; /* by then all that are known are due again */
		stats = limits__read(limits, names, MANY, now, &n);
	}
	assert_int_equal(n, MANY / 2);
	assert_int_equal(known_periods(stats, n), MANY / 2);
}

/* Totals that follow zeros would look like a burst of throttling. */
static void no_zeros_before_its_turn(void **state)
{
	static struct cgroup_name names[MANY];
	static char paths[MANY][32], file[64];
	const struct cgroup_stat *stats;
	size_t n = 0, i;

	(void)state;
	make_many(names, paths);
	open_limits("", true, "", true);
	for (i = 0; i < 20; i++)
		limits__read(limits, names, MANY, now, &n);
	for (i = 0; i < MANY; i += 2) {
		snprintf(file, sizeof(file), "c%zu/cpu.max", i);
		put(file, "1000 100000\n");
	}
	for (i = 0; i < 20; i++) {
		now += 30 * SECOND;
		stats = limits__read(limits, names, MANY, now, &n);
		assert_int_equal(known_periods(stats, n), n);
	}
	assert_int_equal(n, MANY);
}

/* What nobody uses any more is forgotten; what comes back is looked up anew. */
static void the_unused_are_forgotten(void **state)
{
	static struct cgroup_name names[MANY];
	static char paths[MANY][32];
	size_t n, i;

	(void)state;
	make_many(names, paths);
	open_limits("", true, "", true);
	for (i = 0; i < 20; i++)
		limits__read(limits, names, MANY, now, &n);
	assert_int_equal(n, MANY / 2);
	limits__read(limits, names, 2, now, &n);
	assert_int_equal(n, 1);
	put("c3/cpu.max", "max 100000\n");
	limits__read(limits, &names[3], 1, now, &n);
	assert_int_equal(n, 0); /* looked up at once, not after 30 s */
	limits__read(limits, NULL, 0, now, &n);
	assert_int_equal(n, 0);
}

#define LIMITS_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIMITS_TEST(v2_cpu),
		LIMITS_TEST(v2_memory_of_an_ancestor),
		LIMITS_TEST(no_limits_nothing),
		LIMITS_TEST(v1_both),
		LIMITS_TEST(each_controller_in_its_own_words),
		LIMITS_TEST(only_one_controller),
		LIMITS_TEST(limits_come_and_go),
		LIMITS_TEST(what_cannot_be_read_stays),
		LIMITS_TEST(what_is_not_a_number),
		LIMITS_TEST(many_take_turns),
		LIMITS_TEST(no_zeros_before_its_turn),
		LIMITS_TEST(the_unused_are_forgotten),
	};

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
