// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_cgroup_units.c - collect/cgroup_units over ordinary files in a temporary folder, laid out
 * and worded as the kernel words them (Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst).
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

#include "collect/cgroup_units.h"
#include "collect/words.h"

#define SECOND 1000000000ull
#define MIB (1ull << 20)

enum { MANY = 300 };

static char root[96];
static struct cgroup_units *units;
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
	snprintf(root, sizeof(root), "%s/vigie-units-XXXXXX",
		 tmp && strlen(tmp) < 64 ? tmp : "/tmp");
	now = 1000 * SECOND;
	units = NULL;
	return mkdtemp(root) ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	cgroup_units__free(units);
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
	assert_int_equal(nftw(full, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* The first component is the unit. */
static size_t first_component(const char *path)
{
	return 1 + strcspn(path + 1, "/");
}

static struct cgroup_mount mount(const char *place, bool v2)
{
	struct cgroup_mount m = { .v2 = v2 };

	if (place)
		snprintf(m.path, sizeof(m.path), "%s%s", root, place);
	return m;
}

static void open_v2(void)
{
	const struct cgroup_mount v2 = mount("", true);
	const struct cgroup_units_config config = { v2, v2, v2, v2, v2, first_component };

	units = cgroup_units__new(&config);
	assert_non_null(units);
}

static const struct cgroup_stat *read_all(const struct cgroup_name *cgroups, size_t n,
					  size_t *ret_n)
{
	return cgroup_units__read(units, cgroups, n, NULL, 0, now, ret_n);
}

static void ran(__u64 id)
{
	const struct vigie_usage inc = { .user_ns = 1 };

	cgroup_units__active(units, id, &inc);
}

/* Of the only cgroup in use, which is active; NULL: nothing is said of it. */
static const struct cgroup_unit *unit_of(const char *path)
{
	const struct cgroup_name name = { .id = 7, .path = path };
	const struct cgroup_stat *stats;
	size_t n = 99;

	ran(7);
	stats = read_all(&name, 1, &n);
	assert_in_range(n, 0, 1);
	if (!n)
		return NULL;
	assert_int_equal(stats[0].id, 7);
	return &stats[0].unit;
}

#define HAS(unit, member) (!!((unit)->has & CGROUP_UNIT_BIT(member)))
#define HAS_MEMORY(unit, kind) (!!((unit)->has & CGROUP_UNIT_BIT(memory) << (kind)))
#define HAS_PRESSURE(unit, resource, stall) \
	(!!((unit)->has & CGROUP_UNIT_BIT(pressure_ns) << ((resource)*PSI_STALLS + (stall))))

#define MEMORY_STAT_V2                                                                       \
	"anon 3000\nfile 9000\nkernel 700\nkernel_stack 100\npagetables 200\npercpu 50\n"    \
	"sock 11\nshmem 4000\nfile_mapped 9\nslab 90\ninactive_anon 1\ninactive_file 2000\n" \
	"anon_thp 0\n"
#define PRESSURE(some, full)                                  \
	"some avg10=0.00 avg60=1.50 avg300=0.00 total=" #some \
	"\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=" #full "\n"

static void v2(void **state)
{
	const struct cgroup_unit *u;

	(void)state;
	put("a/memory.stat", MEMORY_STAT_V2);
	put("a/memory.current", "12345\n");
	put("a/memory.max", "max\n");
	put("a/cpu.stat", "usage_usec 9\nnr_periods 12\nnr_throttled 3\nthrottled_usec 456\n");
	put("a/cpu.pressure", PRESSURE(11, 12));
	put("a/memory.pressure", PRESSURE(21, 22));
	put("a/io.pressure", PRESSURE(31, 32));
	put("a/pids.current", "5\n");
	put("a/pids.max", "100\n");
	put("a/b/memory.stat", "anon 1\nfile 1\nshmem 1\n");
	open_v2();
	u = unit_of("/a/b/c");
	assert_non_null(u);
	assert_int_equal(u->path_len, 2);
	assert_int_not_equal(u->top, 0);
	assert_int_equal(u->tree, TREE_MEMORY);
	assert_int_equal(u->memory[UNIT_ANON], 3000);
	assert_int_equal(u->memory[UNIT_FILE], 5000); /* shmem is in file */
	assert_int_equal(u->memory[UNIT_SHMEM], 4000);
	assert_int_equal(u->memory[UNIT_KERNEL], 700);
	assert_int_equal(u->memory[UNIT_SOCKET], 11);
	assert_false(HAS_MEMORY(u, UNIT_HUGETLB));
	assert_int_equal(u->memory_charged, 12345);
	assert_int_equal(u->memory_inactive, 2000);
	assert_false(HAS(u, memory_limit));
	assert_true(HAS(u, tasks) && HAS(u, tasks_limit) && HAS(u, periods));
	assert_int_equal(u->tasks, 5);
	assert_int_equal(u->tasks_limit, 100);
	assert_int_equal(u->periods, 12);
	assert_int_equal(u->throttled_periods, 3);
	assert_int_equal(u->throttled_ns, 456000);
	assert_int_equal(u->pressure_ns[PSI_CPU][PSI_SOME], 11000);
	assert_int_equal(u->pressure_ns[PSI_MEMORY][PSI_FULL], 22000);
	assert_int_equal(u->pressure_ns[PSI_IO][PSI_FULL], 32000);
}

/* 5.10: no sum of the kernel's memory, no full of cpu; controllers that are off have no files. */
static void v2_older_and_less(void **state)
{
	const struct cgroup_unit *u;

	(void)state;
	put("a/memory.stat", "anon 3000\nfile 9000\nkernel_stack 100\nslab 90\npercpu 50\n"
			     "sock 0\nshmem 4000\ninactive_file 2000\n");
	put("a/cpu.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=11\n");
	put("a/cpu.stat", "usage_usec 9\nuser_usec 1\nsystem_usec 2\n");
	open_v2();
	u = unit_of("/a");
	assert_non_null(u);
	assert_int_equal(u->memory[UNIT_KERNEL], 240);
	assert_true(HAS_PRESSURE(u, PSI_CPU, PSI_SOME));
	assert_false(HAS_PRESSURE(u, PSI_CPU, PSI_FULL));
	assert_false(HAS_PRESSURE(u, PSI_IO, PSI_SOME));
	assert_false(HAS(u, periods) || HAS(u, tasks) || HAS(u, memory_charged));
}

#define MEMORY_STAT_V1                                                                     \
	"cache 1\nrss 2\nshmem 3\ninactive_file 4\nhierarchical_memory_limit %s\n"         \
	"hierarchical_memsw_limit 9223372036854771712\ntotal_cache 9000\ntotal_rss 3000\n" \
	"total_shmem 4000\ntotal_inactive_file 2000\n"

static void open_v1(const char *unified)
{
	const struct cgroup_units_config config = {
		mount("/memory", false),  mount("/cpu", false), mount("/pids", false),
		mount("/hugetlb", false), mount(unified, true), first_component,
	};

	units = cgroup_units__new(&config);
	assert_non_null(units);
}

static void put_v1(const char *limit)
{
	char text[512];

	snprintf(text, sizeof(text), MEMORY_STAT_V1, limit);
	put("memory/a/memory.stat", text);
	put("memory/a/memory.usage_in_bytes", "12345\n");
	put("memory/a/memory.kmem.usage_in_bytes", "777\n");
	put("cpu/a/cpu.stat", "nr_periods 12\nnr_throttled 3\nthrottled_time 456\n");
	put("pids/a/pids.current", "5\n");
	put("pids/a/pids.max", "max\n");
}

static void v1(void **state)
{
	const struct cgroup_unit *u;

	(void)state;
	put_v1("9223372036854771712");
	open_v1(NULL);
	u = unit_of("/a/b");
	assert_non_null(u);
	assert_int_equal(u->memory[UNIT_ANON], 3000);
	assert_int_equal(u->memory[UNIT_FILE], 5000);
	assert_int_equal(u->memory[UNIT_SHMEM], 4000);
	assert_int_equal(u->memory[UNIT_KERNEL], 777);
	assert_false(HAS_MEMORY(u, UNIT_SOCKET));
	assert_int_equal(u->memory_charged, 12345);
	assert_int_equal(u->memory_inactive, 2000);
	assert_false(HAS(u, memory_limit) || HAS(u, tasks_limit));
	assert_false(HAS_PRESSURE(u, PSI_CPU, PSI_SOME));
	assert_int_equal(u->throttled_ns, 456);
	assert_int_equal(u->tasks, 5);
	put_v1("50000"); /* of the cgroup or of one above it: the kernel tells the lowest */
	u = unit_of("/a/b");
	assert_int_equal(u->memory_limit, 50000);
}

/* Controllers in v1's trees, pressure in the unified one; here not all have the cgroup. */
static void hybrid(void **state)
{
	const struct cgroup_unit *u;

	(void)state;
	put("pids/a/pids.current", "5\n");
	put("unified/a/io.pressure", PRESSURE(31, 32));
	put("unified/memory.pressure", PRESSURE(1, 1)); /* the host's */
	open_v1("/unified");
	u = unit_of("/a");
	assert_non_null(u);
	assert_int_equal(u->tree, TREE_UNIFIED);
	assert_int_equal(u->tasks, 5);
	assert_int_equal(u->pressure_ns[PSI_IO][PSI_FULL], 32000);
	assert_false(HAS(u, memory_charged) || HAS_MEMORY(u, UNIT_ANON));
	assert_null(unit_of("/nowhere"));
	assert_null(unit_of("/")); /* the root is the host */
}

/* Each size of pages has a file; all of this machine's sizes are looked for. */
static void hugetlb(void **state)
{
	const struct cgroup_unit *u;

	(void)state;
	if (access("/sys/kernel/mm/hugepages/hugepages-2048kB", F_OK))
		skip();
	put("a/memory.stat", "anon 1\nhugetlb 5\n");
	open_v2();
	u = unit_of("/a");
	assert_int_equal(u->memory[UNIT_HUGETLB], 5); /* memory_hugetlb_accounting */
	put("a/hugetlb.2MB.current", "4194304\n");
	now += 31 * SECOND; /* a controller that came later */
	u = unit_of("/a");
	assert_int_equal(u->memory[UNIT_HUGETLB], 4 * MIB);
	if (access("/sys/kernel/mm/hugepages/hugepages-1048576kB", F_OK))
		return;
	put("a/hugetlb.1GB.current", "1073741824\n");
	now += 31 * SECOND;
	u = unit_of("/a");
	assert_int_equal(u->memory[UNIT_HUGETLB], 1028 * MIB);
}

/* The lowest on the way up; v1 has none of these files. */
static void limits_above(void **state)
{
	const struct cgroup_unit *u;

	(void)state;
	put("a/memory.current", "1\n");
	put("a/memory.max", "900\n");
	put("a/pids.max", "max\n");
	put("a/b/memory.max", "500\n");
	open_v2();
	u = unit_of("/a/b");
	assert_int_equal(u->memory_limit, 900); /* b is within the unit */
	assert_false(HAS(u, tasks_limit));
	put("a/memory.max", "max\n");
	u = unit_of("/a/b");
	assert_int_equal(u->memory_limit, 900); /* looked for now and then only */
	now += 31 * SECOND;
	u = unit_of("/a/b");
	assert_false(HAS(u, memory_limit));
}

/* One element a unit, with the lowest of the ids in use; beside others' limits. */
static void one_element_a_unit(void **state)
{
	const struct cgroup_name names[] = {
		{ .id = 30, .path = "/a/x" },  { .id = 20, .path = "/a/y" },
		{ .id = 10, .path = "/b" },    { .id = 40, .path = "/" },
		{ .id = 50, .path = "/gone" },
	};
	const struct cgroup_stat limits[] = { { .id = 20, .periods = 3 }, { .id = 30 } };
	const struct cgroup_stat *stats;
	size_t n;

	(void)state;
	put("a/memory.current", "111\n");
	put("b/memory.current", "222\n");
	put("memory.current", "333\n");
	open_v2();
	stats = cgroup_units__read(units, names, 5, limits, 2, now, &n);
	assert_int_equal(n, 3);
	assert_int_equal(stats[0].id, 10);
	assert_int_equal(stats[0].unit.memory_charged, 222);
	assert_int_equal(stats[1].id, 20);
	assert_int_equal(stats[1].periods, 3);
	assert_int_equal(stats[1].unit.memory_charged, 111);
	assert_int_equal(stats[2].id, 30);
	assert_int_equal(stats[2].unit.has, 0);
	stats = read_all(names, 1, &n); /* only 30 is left of it */
	assert_int_equal(n, 1);
	assert_int_equal(stats[0].id, 30);
	assert_int_equal(stats[0].unit.memory_charged, 111);
	stats = read_all(NULL, 0, &n);
	assert_int_equal(n, 0);
}

static unsigned int open_files(void)
{
	unsigned int n = 0;
	int fd;

	for (fd = 0; fd < 1024; fd++)
		n += lseek(fd, 0, SEEK_CUR) >= 0 || errno == ESPIPE;
	return n;
}

/* Kept open while in use and as far as there may be, and they take turns. */
static void many(void **state)
{
	static struct cgroup_name names[MANY];
	static char paths[MANY][16];
	const struct cgroup_stat *stats;
	unsigned int before, i, fresh = 0;
	char path[64];
	size_t n;

	(void)state;
	before = open_files();
	for (i = 0; i < MANY; i++) {
		snprintf(paths[i], sizeof(paths[i]), "/u%03u", i);
		names[i] = (struct cgroup_name){ .id = i + 1, .path = paths[i] };
		for (n = 0; n < 3; n++) {
			snprintf(path, sizeof(path), "u%03u/%s", i,
				 (const char *[]){ "memory.current", "pids.current",
						   "cpu.stat" }[n]);
			put(path, "1\n");
		}
	}
	open_v2();
	stats = read_all(names, MANY, &n);
	assert_int_equal(n, MANY); /* all of them at first */
	assert_in_range(open_files() - before, 64, 512);
	for (i = 0; i < MANY; i++) {
		snprintf(path, sizeof(path), "u%03u/memory.current", i);
		put(path, "2\n");
		ran(i + 1);
	}
	stats = read_all(names, MANY, &n);
	assert_int_equal(n, MANY);
	for (i = 0; i < MANY; i++)
		fresh += stats[i].unit.memory_charged == 2;
	assert_in_range(fresh, 100, MANY - 1); /* a bounded number */
	read_all(names, MANY, &n);
	stats = read_all(names, MANY, &n);
	for (i = 0; i < MANY; i++)
		assert_int_equal(stats[i].unit.memory_charged, 2); /* and then the others */
	read_all(names, 1, &n);
	assert_in_range(open_files() - before, 0, 3);
}

/* Who only sleeps is as he was; who ran, waited for a CPU or for a disk is read. */
static void idle(void **state)
{
	const struct cgroup_name name = { .id = 7, .path = "/a" };
	const struct vigie_usage asleep = { .off_ns[VIGIE_OFF_SLEEP] = SECOND, .starts = 1 };
	const struct vigie_usage waits[] = { { .system_ns = 1 },
					     { .wait_ns = 1 },
					     { .off_ns[VIGIE_OFF_DISK] = 1 },
					     { .off_ns[VIGIE_OFF_MEMORY] = 1 } };
	char text[8];
	size_t n, i;

	(void)state;
	put("a/memory.current", "1\n");
	open_v2();
	assert_int_equal(read_all(&name, 1, &n)->unit.memory_charged, 1);
	for (i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		snprintf(text, sizeof(text), "%zu\n", i + 2);
		put("a/memory.current", text);
		now += SECOND;
		cgroup_units__active(units, 7, &asleep);
		cgroup_units__active(units, 8, &waits[i]);
		assert_int_equal(read_all(&name, 1, &n)->unit.memory_charged, i + 1);
		cgroup_units__active(units, 7, &waits[i]);
		assert_int_equal(read_all(&name, 1, &n)->unit.memory_charged, i + 2);
	}
	put("a/memory.current", "99\n");
	now += 14 * SECOND;
	assert_int_equal(read_all(&name, 1, &n)->unit.memory_charged, 5);
	now += SECOND; /* others may have taken something from it */
	assert_int_equal(read_all(&name, 1, &n)->unit.memory_charged, 99);
	put("a/memory.current", "100\n"); /* of another cgroup of that path, for all we know */
	assert_int_equal(
		read_all(&(struct cgroup_name){ .id = 9, .path = "/a" }, 1, &n)->unit.memory_charged,
		100);
}

/* Another cgroup of the same path: told by its number, whether files were kept open or not. */
static void came_back(void **state)
{
	const struct cgroup_unit *u;
	__u64 first;

	(void)state;
	put("a/memory.current", "1\n");
	open_v2();
	first = unit_of("/a")->top;
	drop("a");
	put("b/x", "");
	put("a/memory.current", "2\n");
	/* Real files go on being read through a descriptor; a cgroup's say -ENODEV: see e2e. */
	read_all(NULL, 0, &(size_t){ 0 });
	u = unit_of("/a");
	assert_non_null(u);
	assert_int_equal(u->memory_charged, 2);
	assert_int_not_equal(u->top, first);
}

static void words(void **state)
{
	struct word w[] = { WORD("a"), WORD("ab"), WORD("none") };
	__u64 ns[PSI_STALLS] = { 7, 7 };

	(void)state;
	words_find("ab 12\na 3\nb 4\nax\nnone", w, 3);
	assert_int_equal(w[0].value, 3);
	assert_int_equal(w[1].value, 12);
	assert_false(w[2].there);
	words_find("", w, 3);
	assert_int_equal(words_number("18446744073709551616"), ~0ULL);
	assert_int_equal(words_number("max"), 0);
	assert_int_equal(words_number("12x"), 12);
	assert_int_equal(words_pressure("", ns), 0);
	assert_int_equal(words_pressure("some avg10=0.00\nfull avg10=1 total=5", ns),
			 1 << PSI_FULL);
	assert_int_equal(ns[PSI_FULL], 5000);
	assert_int_equal(ns[PSI_SOME], 7); /* its line has no total: not the next one's */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(v2, begin, end),
		cmocka_unit_test_setup_teardown(v2_older_and_less, begin, end),
		cmocka_unit_test_setup_teardown(v1, begin, end),
		cmocka_unit_test_setup_teardown(hybrid, begin, end),
		cmocka_unit_test_setup_teardown(hugetlb, begin, end),
		cmocka_unit_test_setup_teardown(limits_above, begin, end),
		cmocka_unit_test_setup_teardown(one_element_a_unit, begin, end),
		cmocka_unit_test_setup_teardown(many, begin, end),
		cmocka_unit_test_setup_teardown(idle, begin, end),
		cmocka_unit_test_setup_teardown(came_back, begin, end),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests_name("cgroup_units", tests, NULL, NULL);
}
