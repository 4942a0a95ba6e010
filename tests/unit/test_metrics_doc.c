// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_metrics_doc.c - docs/metrics.md is what the table of families says.
 *
 * DOCS_UPDATE=1 (`make docs`) rewrites it instead. VIGIE_SRCDIR is the root of the sources,
 * default the current directory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "export/families.h"

static FILE *open_doc(const char *mode)
{
	const char *root = getenv("VIGIE_SRCDIR");
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/docs/metrics.md", root ? root : ".");
	file = fopen(path, mode);
	if (!file)
		fail_msg("cannot open %s", path);
	return file;
}

static void update(const struct buf *made)
{
	FILE *file = open_doc("w");

	assert_int_equal(fwrite(made->data, 1, made->len, file), made->len);
	assert_int_equal(fclose(file), 0);
}

static void the_manual_is_up_to_date(void **state)
{
	struct buf made;
	FILE *file;
	char *is;
	size_t len;

	(void)state;
	buf_init(&made, 1 << 20);
	metrics_doc_encode(&made);
	assert_int_equal(made.err, 0);
	if (getenv("DOCS_UPDATE")) {
		update(&made);
	} else {
		is = malloc(made.len + 1);
		assert_non_null(is);
		file = open_doc("r");
		len = fread(is, 1, made.len + 1, file);
		fclose(file);
		if (len != made.len || memcmp(is, made.data, len))
			fail_msg("docs/metrics.md is out of date: run `make docs`");
		free(is);
	}
	buf_done(&made);
}

static void every_family_and_cause_is_in_it(void **state)
{
	struct buf made;
	char want[256];
	unsigned int i;

	(void)state;
	buf_init(&made, 1 << 20);
	metrics_doc_encode(&made);
	buf_char(&made, '\0');
	assert_int_equal(made.err, 0);
	for (i = 0; i < nfamilies; i++) {
		snprintf(want, sizeof(want), "| `%s%s` |", families[i].name,
			 family_suffix(&families[i]));
		assert_int_equal(!strstr(made.data, want), families[i].list_only);
	}
	for (i = 0; i < family_losses.ncells; i++) {
		snprintf(want, sizeof(want), "\n| `%s` |", family_losses.cells[i].label);
		assert_non_null(strstr(made.data, want));
	}
	buf_done(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_manual_is_up_to_date),
		cmocka_unit_test(every_family_and_cause_is_in_it),
	};

	return cmocka_run_group_tests_name("metrics_doc", tests, NULL, NULL);
}
