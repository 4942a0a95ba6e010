// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_negotiate.c - which content and coding each Accept and Accept-Encoding gets.
 *
 * Owns: the grammar's corners. The same over a socket is in tests/e2e/test_http.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/negotiate.h"

#include "../lib/http_contents.h"

#define OM "application/openmetrics-text"

static struct choice choose(const char *accept, const char *encoding)
{
	struct negotiation n;

	negotiation_init(&n, test_contents, CONTENTS);
	if (accept)
		negotiation_accept(&n, accept);
	if (encoding)
		negotiation_accept_encoding(&n, encoding);
	return negotiation_choose(&n, test_pages);
}

static void expect(const char *accept, unsigned int content)
{
	struct choice c = choose(accept, NULL);

	if (c.content != content)
		fail_msg("\"%s\" gave content %u", accept, c.content);
}

static void test_openmetrics_chosen(void **state)
{
	static const char *const accepts[] = {
		OM,
		OM ";version=1.0.0",
		OM ";version=1.0.0;charset=utf-8",
		OM ";version=1.0.0;charset=\"UTF-8\"",
		OM ";version=1.0.0;q=0.001",
		OM ";q=0.001;version=1.0.0",
		OM ";;version=1.0.0;",
		OM " \t;\tversion=\"1.0.0\"",
		OM ";version=\"1.\\0.0\"",
		OM ";version=1.0.0;unheard=of",
		",,, " OM " ,,",
		"garbage;;=,;q=1," OM,
		"text/plain;q=0.999," OM ";q=1.000",
		"text/plain," OM,
		"application/*",
		"application/*;q=0.5,*/*;q=0.4",
		"image/png;a=\"" OM ";q=0\"," OM ";q=0.1",
	};

	for (size_t i = 0; i < sizeof(accepts) / sizeof(accepts[0]); i++)
		expect(accepts[i], OPENMETRICS);
}

static void test_text_chosen(void **state)
{
	static const char *const accepts[] = {
		"",
		" ",
		",",
		"*/*",
		"text/plain",
		"text/*",
		"*",
		"text",
		"/",
		"*/",
		"/*",
		OM ";version=2.0.0",
		OM ";version=0.0.1",
		OM ";version=1.0",
		OM ";version=1.0.0.0",
		OM ";version=\"\"",
		OM ";version=111111111111111111111111111111111111.0.0",
		OM ";version=1.0.0;version=1.0.0",
		OM ";charset=latin1",
		OM ";version",
		OM ";version=",
		OM ";version=\"1.0.0",
		OM ";version=\"1.0.0\\",
		OM "/more",
		OM " more",
		OM ";q=",
		OM ";q=0",
		OM ";q=0.",
		OM ";q=0.000",
		OM ";q=0.0001",
		OM ";q=1.001",
		OM ";q=2",
		OM ";q=-1",
		OM ";q=.5",
		OM ";q=1e0",
		OM ";q=0.5;q=0.5",
		OM ";q=0.5,text/plain;q=0.6",
		OM ";version=1.0.0;q=0," OM,
		OM ";q=0,application/*",
		"*/*;q=0.5,text/plain;q=0.1," OM ";q=0",
		"image/png",
		"image/png;a=\"b," OM "\"",
	};

	for (size_t i = 0; i < sizeof(accepts) / sizeof(accepts[0]); i++)
		expect(accepts[i], TEXT);
}

/* A specific range beats a wildcard in whatever order they come. */
static void test_order_does_not_matter(void **state)
{
	expect("*/*;q=1," OM ";q=0", TEXT);
	expect(OM ";q=0,*/*;q=1", TEXT);
	expect("text/plain;q=0," OM ";q=0.1,text/*", OPENMETRICS);
	expect(OM ";q=0.1,text/*,text/plain;q=0", OPENMETRICS);
}

static void test_lines_add_up(void **state)
{
	struct negotiation n;

	negotiation_init(&n, test_contents, CONTENTS);
	negotiation_accept(&n, "text/plain;q=0.5");
	negotiation_accept(&n, OM ";q=0.6");
	negotiation_accept_encoding(&n, "br");
	negotiation_accept_encoding(&n, "gzip;q=0.1");
	assert_int_equal(negotiation_choose(&n, test_pages).content, OPENMETRICS);
	assert_true(negotiation_choose(&n, test_pages).gzip);
}

static void expect_type(const char *accept, const char *want)
{
	char type[CONTENT_TYPE_MAX];
	struct choice c = choose(accept, NULL);

	choice_content_type(&c, test_contents, type);
	assert_string_equal(type, want);
}

static void test_content_type(void **state)
{
	const char *om = OM "; version=1.0.0; charset=utf-8";
	const char *text = "text/plain; version=0.0.4; charset=utf-8";

	expect_type(NULL, text);
	expect_type(OM, om);
	expect_type(OM ";escaping=allow-utf-8",
		    OM "; version=1.0.0; charset=utf-8; escaping=allow-utf-8");
	expect_type(OM ";escaping=\"Dots\"", OM "; version=1.0.0; charset=utf-8; escaping=dots");
	expect_type(OM ";escaping=values", OM "; version=1.0.0; charset=utf-8; escaping=values");
	expect_type(OM ";escaping=new", OM "; version=1.0.0; charset=utf-8; escaping=underscores");
	/* Of the entry that was chosen, not of another. */
	expect_type(OM ";q=0.9,text/plain;escaping=dots;q=0.8", om);
	expect_type(OM ";escaping=dots;q=0.5,text/plain", text);
	/* Not of an entry that was refused. */
	expect_type("text/plain;escaping=dots;q=0", text);
}

static void test_longest_content_type_fits(void **state)
{
	struct choice c = { OPENMETRICS, ESCAPING_ALLOW_UTF8, false };
	char type[CONTENT_TYPE_MAX];

	choice_content_type(&c, test_contents, type);
	assert_non_null(strstr(type, "allow-utf-8"));
	assert_true(strlen(type) < CONTENT_TYPE_MAX - 1);
}

static void test_gzip(void **state)
{
	static const char *const yes[] = {
		"gzip",
		"GZip",
		"x-gzip",
		"gzip;q=1",
		"gzip ; q=0.001",
		"*",
		"*;q=0.1",
		"br,gzip",
		"identity;q=0,gzip",
		"gzip;q=0.5,identity;q=0.5",
		"*;q=0,gzip",
	};
	static const char *const no[] = {
		"",
		"identity",
		"br",
		"gzipp",
		"gzi",
		"gzip;q=0",
		"gzip;q=0.0",
		"gzip;q=0.0000",
		"gzip;q=1.1",
		"gzip;q",
		"gzip q=1",
		"*;q=0",
		"gzip;q=0,*",
		"gzip;q=0.4,identity;q=0.5",
		"gzip,gzip;q=0",
		"gzip/x",
	};

	assert_false(choose(NULL, NULL).gzip);
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (!choose(NULL, yes[i]).gzip)
			fail_msg("\"%s\" gave no gzip", yes[i]);
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		if (choose(NULL, no[i]).gzip)
			fail_msg("\"%s\" gave gzip", no[i]);
	}
}

/* A third content is a line in the table: of those equally wanted the page's first is had. */
static void test_more_contents(void **state)
{
	static const struct http_content contents[] = {
		{ "text/plain", "0.0.4" },
		{ "application/json", "1" },
		{ "application/openmetrics-text", "1.0.0" },
	};
	static const struct http_page page = { "/metrics", { 2, 1, 0 }, 3, HTTP_SCRAPE };
	static const struct http_page two = { "/other", { 1, 0 }, 2, HTTP_SCRAPE };
	static const struct {
		const char *accept;
		unsigned int content, of_two;
	} cases[] = {
		{ "application/*", 2, 1 },
		{ OM ",application/json", 2, 1 },
		{ OM ";q=0.5,application/json", 1, 1 },
		{ OM, 2, 0 },
		{ "*/*", 0, 0 },
		{ "application/json;version=2", 0, 0 },
		{ "application/json;q=0,*/*;q=0.1", 0, 0 },
	};
	struct negotiation n;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		negotiation_init(&n, contents, 3);
		negotiation_accept(&n, cases[i].accept);
		assert_int_equal(negotiation_choose(&n, &page).content, cases[i].content);
		assert_int_equal(negotiation_choose(&n, &two).content, cases[i].of_two);
	}
}

/* The daemon has formats without a version, and one that is not for HTTP at all. */
static void test_contents_without_version_or_type(void **state)
{
	static const struct http_content contents[] = { { NULL, NULL },
							{ "application/json", NULL },
							{ "text/plain", "0.0.4" } };
	static const struct http_page page = { "/x", { 1, 2 }, 2, HTTP_SCRAPE };
	char type[CONTENT_TYPE_MAX];
	struct negotiation n;
	struct choice c;

	(void)state;
	negotiation_init(&n, contents, 3);
	negotiation_accept(&n, "*/*;q=0.1, application/json");
	c = negotiation_choose(&n, &page);
	assert_int_equal(c.content, 1);
	choice_content_type(&c, contents, type);
	assert_string_equal(type, "application/json; charset=utf-8");
	negotiation_init(&n, contents, 3);
	negotiation_accept(&n, "application/json;version=1, text/*;q=0.1");
	assert_int_equal(negotiation_choose(&n, &page).content, 2);
}

/* Any bytes: an answer, and (under the sanitisers) nothing read beyond the end. */
static void test_random_bytes(void **state)
{
	static const char alphabet[] = "aq*/;,=\"\\ \t01.-xgzip" OM;
	unsigned int seed = 1;

	for (int round = 0; round < 20000; round++) {
		size_t len = (size_t)(rand_r(&seed) % 60);
		char *line = malloc(len + 1);

		assert_non_null(line);
		for (size_t i = 0; i < len; i++)
			line[i] = alphabet[(size_t)rand_r(&seed) % (sizeof(alphabet) - 1)];
		line[len] = '\0';
		assert_in_range(choose(line, line).content, 0, CONTENTS - 1);
		free(line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_openmetrics_chosen),
		cmocka_unit_test(test_text_chosen),
		cmocka_unit_test(test_order_does_not_matter),
		cmocka_unit_test(test_lines_add_up),
		cmocka_unit_test(test_content_type),
		cmocka_unit_test(test_longest_content_type_fits),
		cmocka_unit_test(test_gzip),
		cmocka_unit_test(test_more_contents),
		cmocka_unit_test(test_contents_without_version_or_type),
		cmocka_unit_test(test_random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
