// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_web_files.c - the live page's files: within their budget, and nothing in them that the policy
 * would stop or that asks another host.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/gzip.h"
#include "web/files.h"

enum { PLAIN_MAX = 150000, GZIP_MAX = 60000 };

static void they_are_small(void **state)
{
	size_t plain = 0, packed = 0, i;
	struct buf out;

	for (i = 0; i < WEB_FILES; i++) {
		buf_init(&out, 1 << 20);
		assert_int_equal(
			gzip_encode(&out, (const char *)web_files[i].data, web_files[i].len), 0);
		plain += web_files[i].len;
		packed += out.len;
		buf_done(&out);
	}
	assert_in_range(plain, 10000, PLAIN_MAX);
	assert_in_range(packed, 4000, GZIP_MAX);
}

static void they_make_no_markup_and_ask_nobody_else(void **state)
{
	static const char *const forbidden[] = {
		"innerHTML",	  "outerHTML",	    "insertAdjacentHTML",
		"document.write", "eval(",	    "new Function",
		"WebSocket",	  "XMLHttpRequest", "https://",
		"url(",		  "@import",	    "setAttribute(\"style\"",
		"postMessage",	  "localStorage",   "cookie",
	};
	size_t i, k;

	for (i = 0; i < WEB_FILES; i++)
		for (k = 0; k < sizeof(forbidden) / sizeof(forbidden[0]); k++)
			assert_null(memmem(web_files[i].data, web_files[i].len, forbidden[k],
					   strlen(forbidden[k])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_are_small),
		cmocka_unit_test(they_make_no_markup_and_ask_nobody_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
