// SPDX-License-Identifier: GPL-2.0-only
/*
 * torture_limits.c - collect/limits when memory runs out: what is said is right or left out,
 * and all is said once there is memory again.
 */
#include <errno.h>
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

#include "../lib/torture.h"
#include "collect/limits.h"

enum { CGROUPS = 80 };
#define MINUTE 60000000000ull

static char root[64];
static char paths[CGROUPS][16];
static struct cgroup_name names[CGROUPS];

static void put(const char *file, const char *text)
{
	char full[128];
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", root, file);
	f = fopen(full, "w");
	if (!f || fputs(text, f) == EOF || fclose(f))
		fail_msg("%s: %s", full, strerror(errno));
}

/* All have their ancestor's limit and none of their own; two files are enough for all. */
static int begin(void **state)
{
	const char *tmp = getenv("TMPDIR");
	char a[80];
	size_t i;

	(void)state;
	snprintf(root, sizeof(root), "%s/vigie-limits-XXXXXX",
		 tmp && strlen(tmp) < 32 ? tmp : "/tmp");
	if (!mkdtemp(root))
		return -1;
	snprintf(a, sizeof(a), "%s/a", root);
	if (mkdir(a, 0700))
		return -1;
	put("a/memory.max", "8192\n");
	put("a/memory.current", "4096\n");
	for (i = 0; i < CGROUPS; i++) {
		snprintf(paths[i], sizeof(paths[i]), "/a/%zu", i);
		names[i] = (struct cgroup_name){ .id = 1 + (i * 37) % CGROUPS, .path = paths[i] };
	}
	return 0;
}

static int end(void **state)
{
	static const char *const made[] = { "/a/memory.max", "/a/memory.current", "/a", "" };
	char full[128];
	size_t i;
	int err = 0;

	(void)state;
	for (i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		snprintf(full, sizeof(full), "%s%s", root, made[i]);
		err |= remove(full);
	}
	return err;
}

static void check(struct limits *limits, size_t use, __u64 now, bool all)
{
	const struct cgroup_stat *stats;
	size_t n = 99, i;

	stats = limits__read(limits, names, use, now, &n);
	assert_in_range(n, all ? use : 0, use);
	for (i = 0; i < n; i++) {
		assert_in_range(stats[i].id, i ? stats[i - 1].id + 1 : 1, CGROUPS);
		assert_int_equal(stats[i].memory_limit, 8192);
		assert_int_equal(stats[i].memory_used, 4096);
	}
}

static void run(unsigned long k, enum torture_mode mode)
{
	struct limits_config config = { .cpu_v2 = true, .memory_v2 = true };
	struct limits *limits;

	snprintf(config.memory, sizeof(config.memory), "%s", root);
	torture_arm(k, mode);
	limits = limits__new(&config);
	if (!limits) {
		torture_disarm();
		assert_true(torture_struck());
		return;
	}
	check(limits, 20, 1, false);
	check(limits, CGROUPS, 1, false); /* grows */
	check(limits, 1, 1, false); /* forgets */
	check(limits, CGROUPS, 1, false);
	torture_disarm();
	check(limits, CGROUPS, 1 + MINUTE, false); /* looks at whoever found no memory before */
	check(limits, CGROUPS, 1 + 2 * MINUTE, true);
	limits__free(limits);
}

static void memory_limits(void **state)
{
	(void)state;
	torture_each(run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(memory_limits, begin, end),
	};

	return cmocka_run_group_tests_name("torture: limits", tests, NULL, NULL);
}
