// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_cgroups.c - collect/cgroups over ordinary directories: a scan sees names and inodes
 * only, so that a tree in a temporary folder is as good as a cgroup mount.
 */
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
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "collect/cgroups.h"
#include "collect/plan.h"

enum { NAMES_MAX = 32768 };

/* The tree: dirs of each test, made and removed relative to it; the deepest are last. */
struct tree {
	char root[64];
	char *made[1024];
	int n;
};

static int tree_make(void **state)
{
	struct tree *t = calloc(1, sizeof(*t));

	if (!t)
		return -1;
	snprintf(t->root, sizeof(t->root), "%s/vigie-cgroups-XXXXXX",
		 getenv("TMPDIR") && strlen(getenv("TMPDIR")) < 32 ? getenv("TMPDIR") : "/tmp");
	*state = t;
	return mkdtemp(t->root) ? 0 : -1;
}

static int tree_remove(void **state)
{
	struct tree *t = *state;
	int err = 0;

	while (t->n) {
		err |= rmdir(t->made[--t->n]);
		free(t->made[t->n]);
	}
	err |= rmdir(t->root);
	free(t);
	return err;
}

static char *full(const struct tree *t, const char *path)
{
	char *s;

	if (asprintf(&s, "%s%s", t->root, path) < 0)
		fail();
	return s;
}

static __u64 id_of(const struct tree *t, const char *path)
{
	char *s = full(t, path);
	struct stat st;

	if (lstat(s, &st))
		fail_msg("%s: %s", s, strerror(errno));
	free(s);
	return st.st_ino;
}

static __u64 make(struct tree *t, const char *path)
{
	char *s = full(t, path);

	if (mkdir(s, 0700))
		fail_msg("%s: %s", s, strerror(errno));
	assert_true(t->n < 1024);
	t->made[t->n++] = s;
	return id_of(t, path);
}

/* The name that a snapshot with only this id has for it, or NULL. */
static const char *name_of(struct cgroups *c, __u64 id)
{
	const struct cgroup_name *list;
	size_t n;

	cgroups__begin(c);
	if (!cgroups__use(c, id))
		return NULL;
	list = cgroups__used(c, &n);
	assert_int_equal(n, 1);
	assert_int_equal(list[0].id, id);
	return list[0].path;
}

static void check_name(struct cgroups *c, __u64 id, const char *want)
{
	const char *got = name_of(c, id);

	if (!got || strcmp(got, want))
		fail_msg("%llu is '%s', not '%s'", id, got ? got : "(unknown)", want);
}

static struct cgroups *scanned(const struct tree *t)
{
	struct cgroups *c = cgroups__new(t->root);

	assert_non_null(c);
	assert_int_equal(cgroups__scan(c), 0);
	return c;
}

static void a_tree(void **state)
{
	struct tree *t = *state;
	__u64 slice = make(t, "/system.slice"), unit = make(t, "/system.slice/ssh.service");
	__u64 user = make(t, "/user.slice");
	struct cgroups *c = scanned(t);

	check_name(c, id_of(t, ""), "/");
	check_name(c, slice, "/system.slice");
	check_name(c, unit, "/system.slice/ssh.service");
	check_name(c, user, "/user.slice");
	assert_null(name_of(c, 1));
	cgroups__free(c);
}

static void hostile_names(void **state)
{
	static const char *const names[] = {
		"/..x",	     "/...",	    "/.hidden",	 "/ ",	  "/a b",	   "/new\nline",
		"/\xff\xfe", "/quote\"'\\", "/\033[31m", "/%s%n", "/\xe2\x80\xae", "/-",
	};
	struct tree *t = *state;
	struct cgroups *c;
	char longest[257] = "/";

	memset(longest + 1, 'x', 255);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		make(t, names[i]);
	make(t, longest);
	c = scanned(t);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		check_name(c, id_of(t, names[i]), names[i]); /* raw: sanitised by encoders */
	check_name(c, id_of(t, longest), longest);
	cgroups__free(c);
}

/* What is not a directory is no cgroup, and a link leads nowhere: not even into a circle. */
static void not_directories(void **state)
{
	struct tree *t = *state;
	__u64 dir = make(t, "/dir"), inode;
	char *link = full(t, "/dir/loop"), *file = full(t, "/dir/cgroup.procs");
	struct cgroups *c;

	assert_int_equal(symlink(t->root, link), 0);
	close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	inode = id_of(t, "/dir/cgroup.procs");
	c = scanned(t);
	check_name(c, dir, "/dir");
	assert_null(name_of(c, id_of(t, "/dir/loop")));
	assert_null(name_of(c, inode));
	check_name(c, id_of(t, ""), "/");
	cgroups__free(c);
	unlink(link);
	unlink(file);
	free(link);
	free(file);
}

static void deep(void **state)
{
	struct tree *t = *state;
	char path[512] = "";
	size_t len = 0;
	struct cgroups *c;

	for (int depth = 1; depth <= 40; depth++) {
		len += snprintf(path + len, sizeof(path) - len, "/d%d", depth);
		make(t, path);
	}
	c = scanned(t);
	for (int depth = 40; depth >= 1; depth--) {
		if (depth <= 32)
			check_name(c, id_of(t, path), path);
		else
			assert_null(name_of(c, id_of(t, path)));
		*strrchr(path, '/') = '\0';
	}
	cgroups__free(c);
}

/* Deep and long at once: paths of more than 4095 bytes are not named, and nothing breaks. */
static void too_long(void **state)
{
	struct tree *t = *state;
	char component[252], path[252 * 15 + 1] = "";
	size_t named = 0;
	struct cgroups *c;

	memset(component, 'y', sizeof(component) - 1);
	component[0] = '/';
	component[sizeof(component) - 1] = '\0';
	for (int i = 0; i < 15; i++) { /* 3765 bytes; with the root still a legal path */
		memcpy(path + i * 251, component, sizeof(component));
		make(t, path);
	}
	/* Four more of them below can only be reached step by step. */
	assert_int_equal(chdir(t->made[t->n - 1]), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(mkdir(component + 1, 0700), 0);
		assert_int_equal(chdir(component + 1), 0);
	}
	c = scanned(t);
	check_name(c, id_of(t, path), path);
	for (int i = 0; i < 4; i++) {
		struct stat st;

		assert_int_equal(stat(".", &st), 0);
		named += name_of(c, st.st_ino) != NULL;
		assert_int_equal(chdir(".."), 0);
		assert_int_equal(rmdir(component + 1), 0);
	}
	assert_int_equal(named, 1); /* 4016 bytes still, 4267 no more */
	assert_int_equal(chdir("/"), 0);
	cgroups__free(c);
}

static void renamed_and_removed(void **state)
{
	struct tree *t = *state;
	__u64 old = make(t, "/old"), gone = make(t, "/gone");
	struct cgroups *c = scanned(t);
	char *from = full(t, "/old"), *to = full(t, "/new");

	assert_int_equal(rename(from, to), 0);
	assert_int_equal(rmdir(t->made[--t->n]), 0);
	free(t->made[t->n]);
	free(t->made[--t->n]);
	t->made[t->n++] = to;
	free(from);
	check_name(c, old, "/old"); /* until it is told, or looks */
	assert_int_equal(cgroups__scan(c), 0);
	check_name(c, old, "/new");
	check_name(c, gone, "/gone"); /* a name outlives its cgroup */
	cgroups__free(c);
}

static void told_by_events(void **state)
{
	struct cgroups *c = cgroups__new("");
	const struct cgroup_name *list;
	size_t n;

	assert_int_equal(cgroups__scan(c), 0); /* no mount: nothing to do */
	assert_int_equal(cgroups__add(c, 7, "/a"), 0);
	assert_int_equal(cgroups__add(c, 7, "/a"), 0);
	assert_int_equal(cgroups__add(c, 8, "/b"), 0);
	check_name(c, 7, "/a");
	assert_int_equal(cgroups__add(c, 7, "/renamed"), 0);
	check_name(c, 7, "/renamed");
	cgroups__begin(c);
	for (int i = 0; i < 5; i++) {
		assert_true(cgroups__use(c, 7));
		assert_true(cgroups__use(c, 8));
		assert_false(cgroups__use(c, 9));
	}
	list = cgroups__used(c, &n);
	assert_int_equal(n, 2); /* each once */
	assert_int_equal(list[0].id, 7);
	assert_int_equal(list[1].id, 8);
	cgroups__begin(c);
	cgroups__used(c, &n);
	assert_int_equal(n, 0);
	cgroups__free(c);
	cgroups__free(NULL);
}

/* Learnt while a snapshot is being listed: it belongs to that list. */
static void learnt_between(void **state)
{
	struct cgroups *c = cgroups__new("");
	const struct cgroup_name *list;
	size_t n;

	cgroups__begin(c);
	assert_false(cgroups__use(c, 7));
	assert_int_equal(cgroups__add(c, 7, "/late"), 0);
	assert_true(cgroups__use(c, 7));
	list = cgroups__used(c, &n);
	assert_int_equal(n, 1);
	assert_string_equal(list[0].path, "/late");
	cgroups__free(c);
}

static int fill(struct cgroups *c, __u64 from, __u64 n)
{
	char path[64];
	int err = 0;

	for (__u64 id = from; id < from + n; id++) {
		snprintf(path, sizeof(path), "/some.slice/job-%llu.scope", id);
		err = cgroups__add(c, id, path);
	}
	return err;
}

/* A host that makes new cgroups for ever: the old and unused make room, the used stay. */
static void eviction(void **state)
{
	struct cgroups *c = cgroups__new("");
	char path[64];

	assert_int_equal(cgroups__add(c, 1, "/stays"), 0);
	for (__u64 round = 0; round < 2000; round++) {
		assert_int_equal(fill(c, 1000 + round * 100, 100), 0);
		cgroups__begin(c);
		assert_true(cgroups__use(c, 1));
		assert_true(cgroups__use(c, 1000 + round * 100));
	}
	check_name(c, 1, "/stays");
	snprintf(path, sizeof(path), "/some.slice/job-%d.scope", 1000 + 1999 * 100 + 99);
	check_name(c, 1000 + 1999 * 100 + 99, path);
	assert_null(name_of(c, 1000)); /* of the first round */
	cgroups__free(c);
}

static __u64 cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* More than the table holds, all of them in use: bounded, said aloud, and at no great cost. */
static void more_than_fit(void **state)
{
	struct cgroups *c = cgroups__new("");
	__u64 began;
	size_t n;

	assert_int_equal(fill(c, 1, NAMES_MAX), 0);
	cgroups__begin(c);
	for (__u64 id = 1; id <= NAMES_MAX; id++)
		assert_true(cgroups__use(c, id));
	began = cpu_ns();
	assert_int_equal(fill(c, 1 + NAMES_MAX, 5000), -ENOSPC);
	assert_true(cpu_ns() - began < 500000000);
	cgroups__begin(c);
	for (__u64 id = 1; id <= NAMES_MAX; id++)
		assert_true(cgroups__use(c, id));
	cgroups__used(c, &n);
	assert_int_equal(n, NAMES_MAX);
	assert_false(cgroups__use(c, 1 + NAMES_MAX));
	cgroups__free(c);
}

/* The first scan, before any snapshot, of more than fit: the table is full, not emptied. */
static void more_than_fit_at_first(void **state)
{
	struct cgroups *c = cgroups__new("");
	size_t known = 0;

	fill(c, 1, NAMES_MAX + 5000);
	cgroups__begin(c);
	for (__u64 id = 1; id <= NAMES_MAX + 5000; id++)
		known += cgroups__use(c, id);
	assert_int_equal(known, NAMES_MAX);
	cgroups__free(c);
}

/* Two hierarchies count alike: the same id is another cgroup in each. */
static void two_hierarchies(void **state)
{
	struct tree *t = *state;
	struct plan plan = { .ntrees = 2 };
	struct cgroups *c;

	make(t, "/one");
	make(t, "/two");
	make(t, "/one/a");
	make(t, "/two/b");
	snprintf(plan.trees[0].mount, sizeof(plan.trees[0].mount), "%s/one", t->root);
	snprintf(plan.trees[1].mount, sizeof(plan.trees[1].mount), "%s/two", t->root);
	c = cgroups__of_plan(&plan);
	assert_non_null(c);
	assert_int_equal(cgroups__scan(c), 0);
	check_name(c, id_of(t, "/one/a"), "/a");
	check_name(c, id_of(t, "/two/b") | 1ULL << VIGIE_CGROUP_TREE_SHIFT, "/b");
	check_name(c, id_of(t, "/two") | 1ULL << VIGIE_CGROUP_TREE_SHIFT, "/");
	assert_null(name_of(c, id_of(t, "/two/b")));
	assert_null(name_of(c, id_of(t, "/one/a") | 1ULL << VIGIE_CGROUP_TREE_SHIFT));
	cgroups__free(c);
}

static void no_such_mount(void **state)
{
	struct cgroups *c = cgroups__new("/nowhere/at/all");

	assert_int_equal(cgroups__scan(c), -ENOENT);
	cgroups__free(c);
}

#define TREE_TEST(f) cmocka_unit_test_setup_teardown(f, tree_make, tree_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(a_tree),
		TREE_TEST(hostile_names),
		TREE_TEST(not_directories),
		TREE_TEST(deep),
		TREE_TEST(too_long),
		TREE_TEST(renamed_and_removed),
		TREE_TEST(two_hierarchies),
		cmocka_unit_test(told_by_events),
		cmocka_unit_test(learnt_between),
		cmocka_unit_test(eviction),
		cmocka_unit_test(more_than_fit),
		cmocka_unit_test(more_than_fit_at_first),
		cmocka_unit_test(no_such_mount),
	};

	return cmocka_run_group_tests_name("cgroups", tests, NULL, NULL);
}
