// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_containers.c - a real namer on files below a root of our own: snapshots get names, nobody
 * is waited for longer than promised, and its death costs names only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "daemon/containers.h"

/* A sanitizer's shadow is larger than what a namer may map: it could not start. */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#else
#define SANITIZED false
#endif

enum { MANY = 600, PATIENCE = 3000 /* times 20 ms */ };

static char root[] = "/tmp/vigie-containers-XXXXXX";
static char paths[MANY][128];
static struct cgroup_name cgroups[MANY];
static struct snapshot snapshot;
static struct namer *namer;
static struct containers *containers;

static const char *id_of(unsigned int i)
{
	static char id[65];

	snprintf(id, sizeof(id), "%08x%056x", i, 0x1234567u);
	return id;
}

static void put(unsigned int i, const char *name)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/var/lib/docker/containers/%s", root, id_of(i));
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/var/lib/docker/containers/%s/config.v2.json", root,
		 id_of(i));
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "{\"Name\":\"/%s%u\",\"Config\":{\"Image\":\"a\"}}", name, i);
	assert_int_equal(fclose(file), 0);
}

static void make_directory(const char *path)
{
	char full[256];

	snprintf(full, sizeof(full), "%s%s", root, path);
	assert_int_equal(mkdir(full, 0755), 0);
}

static int begin(void **state)
{
	const char *what;
	unsigned int i;

	if (SANITIZED)
		return 0;
	memcpy(root + strlen(root) - 6, "XXXXXX", 6);
	assert_non_null(mkdtemp(root));
	assert_int_equal(chmod(root, 0755), 0);
	make_directory("/var");
	make_directory("/var/lib");
	make_directory("/var/lib/docker");
	make_directory("/var/lib/docker/containers");
	for (i = 0; i < MANY; i++) {
		snprintf(paths[i], sizeof(paths[i]), "/docker/%s", id_of(i));
		cgroups[i] = (struct cgroup_name){ .id = 100 + i, .path = paths[i] };
	}
	snapshot = (struct snapshot){ .time_ns = clock_boottime_ns(), .cgroups = cgroups };
	assert_int_equal(namer__start(root, &namer, &what), 0);
	containers = containers__new(namer);
	assert_non_null(containers);
	return 0;
}

static int end(void **state)
{
	char command[128];

	if (SANITIZED)
		return 0;
	containers__free(containers);
	namer__free(namer);
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static void needs_namer(void)
{
	if (SANITIZED)
		skip();
}

static const char *name_of(unsigned int i)
{
	return cgroups[i].container ? cgroups[i].container->text[CONTAINER_NAME] : "";
}

static void step(size_t n, __u64 later_ns)
{
	size_t i;

	for (i = 0; i < n; i++) /* a source knows nothing of them */
		cgroups[i].container = NULL;
	snapshot.ncgroups = n;
	snapshot.time_ns += later_ns;
	containers__name(containers, &snapshot);
}

static void one(void **state)
{
	needs_namer();
	put(0, "web");
	step(1, 0);
	assert_string_equal(name_of(0), "web0");
	step(1, NS_PER_S);
	assert_string_equal(name_of(0), "web0");
}

/* More than a socket holds; the first snapshot has them all. */
static bool all_named(void)
{
	unsigned int i;

	for (i = 0; i < MANY && name_of(i)[0]; i++)
		;
	return i == MANY;
}

static void hundreds_at_once(void **state)
{
	struct self_namer self;
	unsigned int i;
	char name[16];

	needs_namer();
	for (i = 0; i < MANY; i++)
		put(i, "web");
	step(MANY, 0);
	assert_string_equal(name_of(0), "web0");
	/* On a busy host the two seconds are not enough for all: the rest comes with later ones. */
	for (i = 0; i < PATIENCE && !all_named(); i++) {
		usleep(20000);
		step(MANY, NS_PER_MS);
	}
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "web%u", i);
		assert_string_equal(name_of(i), name);
	}
	namer__stat(namer, &self);
	assert_int_equal(self.lookups[NAMER_FOUND], MANY);
}

/* A container that nobody knows is asked about four times, at most. */
static void an_unknown_one(void **state)
{
	struct self_namer self;
	int i;

	needs_namer();
	for (i = 0; i < 20; i++) {
		step(1, 40 * NS_PER_S);
		usleep(20000); /* for what was not waited for */
		assert_string_equal(name_of(0), "");
	}
	namer__stat(namer, &self);
	assert_int_equal(self.lookups[NAMER_UNKNOWN], 4);
}

static void known_after_a_while(void **state)
{
	int i;

	needs_namer();
	step(1, 0);
	assert_string_equal(name_of(0), "");
	put(0, "web");
	for (i = 0; i < 500 && !*name_of(0); i++) {
		step(1, NS_PER_S);
		usleep(2000);
	}
	assert_string_equal(name_of(0), "web0");
}

/* It goes on without: known names stay, new ones are ids, and nobody waits. */
static void its_death(void **state)
{
	__u64 began;

	needs_namer();
	put(0, "web");
	put(1, "web");
	step(1, 0);
	kill(namer__pid(namer), SIGKILL);
	began = clock_monotonic_ns();
	step(2, NS_PER_S);
	step(2, NS_PER_S);
	assert_true(clock_monotonic_ns() - began < NS_PER_S);
	assert_string_equal(name_of(0), "web0");
	assert_string_equal(name_of(1), "");
	assert_int_equal(namer__fd(namer), -1);
}

/* Containers that come and go for months take no more room, and are forgotten one by one. */
static void long_unseen_ones_are_forgotten(void **state)
{
	struct self_namer self;
	unsigned int i;

	needs_namer();
	put(0, "web");
	put(1, "web");
	step(1, 0);
	for (i = 0; i < 8; i++) {
		cgroups[0].path = paths[1];
		cgroups[0].id = 101;
		step(1, 300 * NS_PER_S);
		assert_string_equal(name_of(0), "web1");
	}
	cgroups[0] = (struct cgroup_name){ .id = 100, .path = paths[0] };
	step(1, NS_PER_S);
	assert_string_equal(name_of(0), "web0");
	namer__stat(namer, &self);
	assert_int_equal(self.lookups[NAMER_FOUND], 3);
}

static void whose_it_is(void **state)
{
	static const struct {
		const char *path;
		__u32 uid;
	} table[] = {
		{ "/machine.slice/libpod-%s.scope/container", LOOKUP_NO_USER },
		{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-%s.scope",
		  1000 },
		{ "/user.slice/user-1000x.slice/libpod-%s.scope", LOOKUP_NO_USER },
		{ "/user.slice/user-4294967295.slice/libpod-%s.scope", LOOKUP_NO_USER },
		{ "/user.slice/xuser-7.slice/libpod-%s.scope", LOOKUP_NO_USER },
	};
	struct lookup_ask ask;
	char path[256];
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *cut = strstr(table[i].path, "%s");

		snprintf(path, sizeof(path), "%.*s%s%s", (int)(cut - table[i].path), table[i].path,
			 id_of(7), cut + 2);
		assert_true(containers_ask_for(path, &ask));
		assert_int_equal(ask.uid, table[i].uid);
		assert_string_equal(ask.id, id_of(7));
	}
	assert_false(containers_ask_for("/system.slice/cron.service", &ask));
}

#define WITH_NAMER(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_NAMER(one),
		WITH_NAMER(hundreds_at_once),
		WITH_NAMER(an_unknown_one),
		WITH_NAMER(known_after_a_while),
		WITH_NAMER(its_death),
		WITH_NAMER(long_unseen_ones_are_forgotten),
		cmocka_unit_test(whose_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
