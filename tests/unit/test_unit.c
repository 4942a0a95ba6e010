// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_unit.c - cgroup paths as the runtimes make them, and as an attacker would.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/conventions.h"
#include "model/unit.h"
#include "model/unit_form.h"

#include "unit_cases.h"

static const struct expectation hostile[] = {
	{ "/docker/" HEX63, HEX63, "", "", "", "" },
	{ "/docker/" HEX64 "0", HEX64 "0", "", "", "", "" },
	{ "/system.slice/docker-" HEX63 ".scope", "docker-" HEX63 ".scope", "", "", "systemd", "" },
	{ "/docker-" HEX63, "docker-" HEX63, "", "", "", "" },
	{ "/docker-", "docker-", "", "", "", "" },
	{ "/docker/" HEX63 "g", HEX63 "g", "", "", "", "" },
	{ "/system.slice/slurmstepd.scope/job_", "slurmstepd.scope", "", "", "systemd", "" },
	{ "/system.slice/slurmstepd.scope/job_1x", "slurmstepd.scope", "", "", "systemd", "" },
	{ "/uid_x/pid_1", "pid_1", "", "", "", "" },
	{ "/ecs/0123456789abcdef0123456789abcdef-", "0123456789abcdef0123456789abcdef-", "", "", "",
	  "" },
	{ "/ecs/0123456789abcdef0123456789abcdef-99999999999999999999999999999999",
	  "0123456789abcdef0123456789abcdef-99999999999999999999999999999999", "", "", "", "" },
	{ "/system.slice/_.service", ".service", "", "", "systemd", "" },
	{ "/user.slice/user@.service/app.slice/x.service", "user@.service", "", "", "systemd", "" },
	{ "/kubepods/pod6f1c2a3b+4d5e-6f70-8192-a3b4c5d6e7f8",
	  "pod6f1c2a3b+4d5e-6f70-8192-a3b4c5d6e7f8", "", "", "", "" },
	{ "/docker//" HEX64, "docker-0123456789ab", HEX64, "", "docker", "" },
	{ "/garden/", "garden", "", "", "", "" },
	{ "/docker/0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
	  "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", "", "", "", "" },
	{ "/system.slice/a\nb.service", "a\nb.service", "", "", "systemd", "" },
	{ "/evil\n# EOF\n", "evil\n# EOF\n", "", "", "", "" },
	{ "/\xff\xfe\xc0\xaf", "\xff\xfe\xc0\xaf", "", "", "", "" },
	{ "relative", "relative", "", "", "", "" },
	{ "/..", "..", "", "", "", "" },
	{ "/a:cri-containerd:" HEX63, "a:cri-containerd:" HEX63, "", "", "", "" },
	{ "/:", ":", "", "", "", "" },
	{ "/kubepods", "kubepods", "", "", "", "" },
	{ "/kubepods-pod.slice", "kubepods-pod.slice", "", "", "systemd", "" },
};

static void check(const struct expectation *table, size_t n)
{
	struct unit unit;
	size_t i;

	for (i = 0; i < n; i++) {
		const struct expectation *want = &table[i];

		memset(&unit, 0xa5, sizeof(unit));
		unit_from_path(want->path, &unit);
		if (strcmp(unit.name, want->name) || strcmp(unit.container_id, want->id) ||
		    strcmp(unit.pod_uid, want->pod) || strcmp(unit.runtime, want->runtime))
			fail_msg("%s: '%s' '%s' '%s' '%s', not '%s' '%s' '%s' '%s'", want->path,
				 unit.name, unit.container_id, unit.pod_uid, unit.runtime,
				 want->name, want->id, want->pod, want->runtime);
	}
}

#define CHECK(table) check(table, sizeof(table) / sizeof((table)[0]))

static void test_systemd(void **state)
{
	(void)state;
	CHECK(systemd);
}

static bool has_form(const char *form, const char *s, const char *end, bool whole,
		     struct form_parts *parts)
{
	if (form[0] != '/')
		s++;
	else if (!whole)
		return false;
	return form_matches(form, (struct part){ .s = s, .len = (size_t)(end - s) }, parts);
}

static void test_conventions(void **state)
{
	(void)state;
	CHECK(conventional);
}

/* A row that no path above has would be a form that nobody has tried. */
static void test_every_convention_has_a_case(void **state)
{
	struct form_parts parts;
	size_t i, j;

	(void)state;
	for (i = 0; i < nconventions; i++) {
		bool found = false;

		for (j = 0; !found && j < sizeof(conventional) / sizeof(conventional[0]); j++) {
			const char *path = conventional[j].path, *s, *end;

			for (s = path; !found && s; s = strchr(s + 1, '/'))
				for (end = strchrnul(s + 1, '/'); !found && end > s;
				     end = *end ? strchrnul(end + 1, '/') : s)
					found = has_form(conventions[i].form, s, end, s == path,
							 &parts);
		}
		if (!found)
			fail_msg("no case for %s", conventions[i].form);
	}
}

/* What only the last component named is said to be a guess, and nothing else is. */
static void test_guesses(void **state)
{
	static const char *const guessed[] = {
		"/a/b/c",
		"/system.slice/odd/thing",
		"/a/x.service",
		"/user.slice/odd",
	};
	static const char *const known[] = {
		"/",
		"/system.slice",
		"/system.slice/ssh.service",
		"/docker/" HEX64,
		"/podruntime/kubelet",
		"/kubepods/burstable/pod" UID,
	};
	struct unit unit;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(guessed) / sizeof(guessed[0]); i++) {
		unit_from_path(guessed[i], &unit);
		if (!unit.guessed)
			fail_msg("%s", guessed[i]);
	}
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		unit_from_path(known[i], &unit);
		if (unit.guessed)
			fail_msg("%s", known[i]);
	}
}

static void test_hostile(void **state)
{
	(void)state;
	CHECK(hostile);
}

static void test_long_names_stay_distinct(void **state)
{
	static char path[4097], other[4097];
	struct unit a, b;

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	memcpy(other, path, sizeof(path));
	other[4095] = 'y';
	unit_from_path(path, &a);
	unit_from_path(other, &b);
	assert_int_equal(strlen(a.name), UNIT_NAME_LEN - 1);
	assert_memory_equal(a.name, b.name, 100);
	assert_string_not_equal(a.name, b.name);
	memset(path, '/', sizeof(path) - 1);
	unit_from_path(path, &a);
	assert_string_equal(a.name, "/");
}

/* Any prefix of any path above: the name is there, terminated, and nothing is read beyond. */
static void test_every_prefix(void **state)
{
	char cut[512];
	const char *whole;
	struct unit unit;
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(conventional) / sizeof(conventional[0]); i++) {
		whole = conventional[i].path;
		assert_in_range(strlen(whole), 1, sizeof(cut) - 1);
		for (len = 0; len <= strlen(whole); len++) {
			memcpy(cut, whole, len);
			cut[len] = '\0';
			unit_from_path(cut, &unit);
			assert_in_range(strlen(unit.name), 1, UNIT_NAME_LEN - 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_systemd),
		cmocka_unit_test(test_conventions),
		cmocka_unit_test(test_every_convention_has_a_case),
		cmocka_unit_test(test_guesses),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_long_names_stay_distinct),
		cmocka_unit_test(test_every_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
