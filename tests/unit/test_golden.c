// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_golden.c - every encoder against the committed files of tests/golden.
 *
 * GOLDEN_UPDATE=1 rewrites the files instead: look at the difference before committing it.
 * VIGIE_SRCDIR is the root of the sources, default the current directory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../golden/view_fixture.h"

static const struct list_options wide = { .sort = SORT_CPU };

static FILE *open_golden(const char *name, const char *mode)
{
	const char *root = getenv("VIGIE_SRCDIR");
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/tests/golden/%s", root ? root : ".", name);
	file = fopen(path, mode);
	if (!file)
		fail_msg("cannot open %s", path);
	return file;
}

static void update(const char *name, const struct buf *made)
{
	FILE *file = open_golden(name, "w");

	assert_int_equal(fwrite(made->data, 1, made->len, file), made->len);
	assert_int_equal(fclose(file), 0);
	print_message("rewrote %s\n", name);
}

static size_t first_difference(const char *a, const char *b, size_t len)
{
	size_t i = 0;

	while (i < len && a[i] == b[i])
		i++;
	return i;
}

static void compare(const char *name, const struct buf *made)
{
	size_t size = made->len + 1, len, at;
	char *want = malloc(size);
	FILE *file = open_golden(name, "r");

	assert_non_null(want);
	len = fread(want, 1, size, file);
	fclose(file);
	at = first_difference(want, made->data, len < made->len ? len : made->len);
	if (len != made->len || at != len)
		fail_msg("%s differs at byte %zu: made \"%.60s\"", name, at,
			 at < made->len ? made->data + at : "(end)");
	free(want);
}

static void check(const char *name, struct buf *made)
{
	assert_int_equal(made->err, 0);
	buf_char(made, '\0');
	made->len--;
	if (getenv("GOLDEN_UPDATE"))
		update(name, made);
	else
		compare(name, made);
	buf_done(made);
}

static void openmetrics(void **state)
{
	struct fixture f;
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 20);
	fixture_by_unit(&f);
	openmetrics_encode(&out, &f.view, &f.self, OM_OPENMETRICS_1_0);
	check("unit.om", &out);
	openmetrics_encode(&out, &f.view, &f.self, OM_TEXT_0_0_4);
	check("unit.prom", &out);
	fixture_by_pid(&f);
	openmetrics_encode(&out, &f.view, NULL, OM_OPENMETRICS_1_0);
	check("pid.om", &out);
	openmetrics_encode(&out, &f.view, NULL, OM_TEXT_0_0_4);
	check("pid.prom", &out);
}

static void table(void **state)
{
	const struct list_options narrow = {
		.sort = SORT_RSS, .top = 2, .colour = true, .width = 80
	};
	const struct list_options pid = { .sort = SORT_CPU, .width = 120 };
	struct fixture f;
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 20);
	fixture_by_unit(&f);
	table_encode(&out, &f.view, &wide);
	check("unit.txt", &out);
	table_encode(&out, &f.view, &narrow);
	check("narrow.txt", &out);
	fixture_by_pid(&f);
	table_encode(&out, &f.view, &pid);
	check("pid.txt", &out);
}

static void json(void **state)
{
	struct fixture f;
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 20);
	fixture_by_unit(&f);
	json_encode(&out, &f.view, &wide);
	check("unit.json", &out);
	fixture_by_pid(&f);
	json_encode(&out, &f.view, &wide);
	check("pid.json", &out);
}

static void csv(void **state)
{
	const struct list_options top = { .sort = SORT_NAME, .top = 1 };
	struct fixture f;
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 20);
	fixture_by_unit(&f);
	csv_encode(&out, &f.view, &wide);
	check("unit.csv", &out);
	fixture_by_pid(&f);
	csv_encode(&out, &f.view, &top);
	check("pid.csv", &out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openmetrics),
		cmocka_unit_test(table),
		cmocka_unit_test(json),
		cmocka_unit_test(csv),
	};

	return cmocka_run_group_tests_name("golden", tests, NULL, NULL);
}
