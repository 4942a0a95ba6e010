// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_units_doc.c - the table in docs/units.md is the table of conventions.
 *
 * DOCS_UPDATE=1 (`make docs`) rewrites it instead. VIGIE_SRCDIR is the root of the sources,
 * default the current directory. What stands before the table is written by people.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "model/conventions.h"

static const char head[] = "| form of the path | unit | runtime | source |\n|---|---|---|---|\n";

static void doc_path(char *path, size_t size)
{
	const char *root = getenv("VIGIE_SRCDIR");

	snprintf(path, size, "%s/docs/units.md", root ? root : ".");
}

static void doc_read(struct buf *ret)
{
	char path[4096], text[4096];
	FILE *file;
	size_t n;

	doc_path(path, sizeof(path));
	file = fopen(path, "r");
	if (!file)
		fail_msg("cannot open %s", path);
	while ((n = fread(text, 1, sizeof(text), file)))
		buf_add(ret, text, n);
	fclose(file);
	buf_char(ret, '\0');
	assert_int_equal(ret->err, 0);
}

static void doc_write(const struct buf *made)
{
	char path[4096];
	FILE *file;

	doc_path(path, sizeof(path));
	file = fopen(path, "w");
	if (!file)
		fail_msg("cannot open %s", path);
	assert_int_equal(fwrite(made->data, 1, made->len, file), made->len);
	assert_int_equal(fclose(file), 0);
}

static void the_table_is_up_to_date(void **state)
{
	struct buf is, made;
	const char *table;
	size_t i;

	(void)state;
	buf_init(&is, 1 << 20);
	buf_init(&made, 1 << 20);
	doc_read(&is);
	table = strstr(is.data, head);
	assert_non_null(table);
	buf_add(&made, is.data, (size_t)(table - is.data));
	buf_str(&made, head);
	for (i = 0; i < nconventions; i++)
		buf_printf(&made, "| `%s` | `%s` | %s | %s |\n", conventions[i].form,
			   conventions[i].unit, conventions[i].runtime, conventions[i].source);
	buf_char(&made, '\0');
	assert_int_equal(made.err, 0);
	if (getenv("DOCS_UPDATE")) {
		made.len--;
		doc_write(&made);
	} else if (strcmp(is.data, made.data)) {
		fail_msg("docs/units.md is out of date: run `make docs`");
	}
	buf_done(&is);
	buf_done(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_up_to_date),
	};

	return cmocka_run_group_tests_name("units_doc", tests, NULL, NULL);
}
