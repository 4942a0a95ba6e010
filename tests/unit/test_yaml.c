// SPDX-License-Identifier: GPL-2.0-only
/* test_yaml.c - the YAML reader: trees with their places, and what is refused, where. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "config/yaml.h"

static struct yaml_doc *read_good(const char *text)
{
	struct yaml_doc *doc = NULL;
	struct faults faults;

	faults_init(&faults);
	if (yaml_doc__parse(text, strlen(text), &doc, &faults) || faults.n)
		fail_msg("%s: refused: %u:%u: %s", text, faults.all[0].line, faults.all[0].column,
			 faults.all[0].text);
	return doc;
}

static void texts_and_places(void **state)
{
	struct yaml_doc *doc = read_good("# first\n"
					 "log:\n"
					 "  level: info   # second\n"
					 "  format: '%(message)s: it''s'\n"
					 "żółw: [a, \"b\\tc\",\n"
					 "   d]\n");
	const struct yaml_value *root = yaml_doc__root(doc), *log, *value;

	assert_int_equal(root->kind, YAML_KIND_MAP);
	assert_int_equal(root->n, 2);
	assert_int_equal(root->line, 2);
	log = yaml_find(root, "log");
	assert_int_equal(log->kind, YAML_KIND_MAP);
	assert_int_equal(log->key_line, 2);
	assert_int_equal(log->key_column, 1);
	value = yaml_find(log, "level");
	assert_string_equal(value->text, "info");
	assert_true(value->plain);
	assert_int_equal(value->line, 3);
	assert_int_equal(value->column, 10);
	assert_int_equal(value->key_column, 3);
	value = yaml_find(log, "format");
	assert_string_equal(value->text, "%(message)s: it's");
	assert_false(value->plain);
	assert_null(yaml_find(log, "file"));
	assert_null(yaml_find(value, "file"));
	/* A column is a character, not a byte. */
	value = yaml_find(root, "żółw");
	assert_int_equal(value->kind, YAML_KIND_LIST);
	assert_int_equal(value->n, 3);
	assert_int_equal(value->column, 7);
	value = value->first->next;
	assert_string_equal(value->text, "b\tc");
	assert_int_equal(value->column, 11);
	assert_null(value->key);
	value = value->next;
	assert_int_equal(value->line, 6);
	assert_int_equal(value->column, 4);
	assert_null(value->next);
	yaml_doc__free(doc);
	yaml_doc__free(NULL);
}

/* As Prometheus' web-config.yml has certificates and headers. */
static void texts_of_many_lines(void **state)
{
	struct yaml_doc *doc = read_good("cert: |\n"
					 "  -----BEGIN-----\n"
					 "  AAAA\n"
					 "  -----END-----\n"
					 "folded: >-\n"
					 "  one\n"
					 "  two\n"
					 "quoted: \"a\n"
					 "  b\"\n");
	const struct yaml_value *root = yaml_doc__root(doc);

	assert_string_equal(yaml_find(root, "cert")->text,
			    "-----BEGIN-----\nAAAA\n-----END-----\n");
	assert_false(yaml_find(root, "cert")->plain);
	assert_string_equal(yaml_find(root, "folded")->text, "one two");
	assert_string_equal(yaml_find(root, "quoted")->text, "a b");
	yaml_doc__free(doc);
}

static void documents_without_anything(void **state)
{
	static const char *const texts[] = { "",       "\n\n",	     "# nothing\n",  "---\n", "~\n",
					     "null\n", "---\n...\n", "\xef\xbb\xbf", "   \n" };
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct yaml_doc *doc = read_good(texts[i]);

		assert_null(yaml_doc__root(doc));
		yaml_doc__free(doc);
	}
}

static void what_is_null(void **state)
{
	struct yaml_doc *doc = read_good("a:\nb: ~\nc: null\nd: ''\ne: 'null'\nf: []\ng: nulls\n");
	const struct yaml_value *root = yaml_doc__root(doc);

	assert_true(yaml_is_null(yaml_find(root, "a")));
	assert_true(yaml_is_null(yaml_find(root, "b")));
	assert_true(yaml_is_null(yaml_find(root, "c")));
	assert_false(yaml_is_null(yaml_find(root, "d")));
	assert_false(yaml_is_null(yaml_find(root, "e")));
	assert_false(yaml_is_null(yaml_find(root, "f")));
	assert_false(yaml_is_null(yaml_find(root, "g")));
	assert_string_equal(yaml_kind_name(root), "a mapping");
	assert_string_equal(yaml_kind_name(yaml_find(root, "f")), "a list");
	assert_string_equal(yaml_kind_name(yaml_find(root, "g")), "a text");
	yaml_doc__free(doc);
}

struct bad {
	const char *text;
	int err; /* 0: there is a tree beside the fault */
	unsigned int line, column;
	const char *what; /* part of what is said */
};

static const struct bad bad[] = {
	/* The syntax. */
	{ "a: b: c\n", -EINVAL, 1, 5, "mapping values are not allowed" },
	{ "a: [b, c\n", -EINVAL, 2, 1, "expected ',' or ']'" },
	{ "a: {b: c\n", -EINVAL, 2, 1, "expected ',' or '}'" },
	{ "a: ]\n", -EINVAL, 1, 4, "did not find expected node content" },
	{ "a:\n  b: 1\n c: 2\n", -EINVAL, 3, 2, "begins in line 1" },
	{ "a: 1\n  b: 2\n", -EINVAL, 2, 4, "mapping values are not allowed" },
	{ "a: 'b\nc: d\n", -EINVAL, 3, 1, "unexpected end of stream" },
	{ "a: \"b\\qc\"\n", -EINVAL, 1, 6, "unknown escape character" },
	{ "a: \"\\ud800\"\n", -EINVAL, 1, 7, "invalid Unicode character" },
	{ "a: b\n- c\n", -EINVAL, 2, 1, "did not find expected key" },
	{ "- a\nb: c\n", -EINVAL, 2, 1, "did not find expected '-' indicator" },
	{ "\ta: b\n", -EINVAL, 1, 1, "cannot start any token" },
	{ "a:\n\t b: c\n", -EINVAL, 2, 1, "cannot start any token" },
	{ "a: @b\n", -EINVAL, 1, 4, "cannot start any token" },
	{ "a: `b\n", -EINVAL, 1, 4, "cannot start any token" },
	{ "a: %b\n", -EINVAL, 1, 4, "cannot start any token" },
	{ "a: |x\n  b\n", -EINVAL, 1, 5, "did not find expected comment or line break" },
	{ "%FOO\na: b\n", -EINVAL, 1, 5, "unknown directive" },
	{ "%YAML 9.9\n---\na: b\n", -EINVAL, 1, 1, "incompatible YAML document" },
	{ "a: b\n...\nc: d\n...\n", -EINVAL, 3, 1, "did not find expected <document start>" },
	{ "}", -EINVAL, 1, 1, "did not find expected node content" },
	/* Bytes. */
	{ "a: b\xff\n", -EINVAL, 1, 5, "invalid leading UTF-8 octet" },
	{ "ż: b\n\xc3(: c\n", -EINVAL, 2, 2, "invalid trailing UTF-8 octet" },
	{ "a: \xc0\x80\n", -EINVAL, 1, 4, "invalid l" },
	{ "a: \xed\xa0\x80\n", -EINVAL, 1, 4, "invalid Unicode character" },
	{ "a: \xf4\x90\x80\x80\n", -EINVAL, 1, 4, "invalid Unicode character" },
	{ "a: \xc3", -EINVAL, 1, 4, "incomplete UTF-8 octet sequence" },
	{ "a: b\x1b[31m\n", -EINVAL, 1, 5, "control characters are not allowed" },
	{ "a: b\x7f\n", -EINVAL, 1, 5, "control characters are not allowed" },
	{ "\xff\xfe"
	  "a",
	  -EINVAL, 1, 1, "invalid leading UTF-8 octet" }, /* UTF-16 */
	{ "a: \"b\\0c\"\n", -EINVAL, 1, 4, "may not hold NUL" },
	{ "\"a\\0\": b\n", -EINVAL, 1, 1, "may not hold NUL" },
	/* More than one document. */
	{ "a: b\n---\nc: d\n", -EINVAL, 2, 1, "a second document" },
	{ "---\n---\n", -EINVAL, 2, 1, "a second document" },
	/* Aliases, anchors, tags. */
	{ "a: &x 1\nb: *x\n", -EINVAL, 1, 4, "anchors" },
	{ "a: *x\n", -EINVAL, 1, 4, "aliases" },
	{ "*x : a\n", -EINVAL, 1, 1, "aliases" },
	{ "a: &x\n  b: 1\n", 0, 1, 4, "anchors" },
	{ "&x a: 1\n", 0, 1, 1, "anchors" },
	{ "a: &x [1]\n", 0, 1, 4, "anchors" },
	{ "a: !!int 1\n", 0, 1, 4, "tags" },
	{ "a: ! 1\n", 0, 1, 4, "tags" },
	{ "a: !x {b: c}\n", 0, 1, 4, "tags" },
	{ "!!str a: 1\n", 0, 1, 1, "tags" },
	{ "%TAG ! tag:x,2000:\n---\na: !y 1\n", 0, 3, 4, "tags" },
	{ "a: !y 1\n--- \n", -EINVAL, 1, 4, "tags" },
	/* Keys. */
	{ "a: 1\nb: 2\na: 3\n", 0, 3, 1, "a: this key is here twice, first in line 1" },
	{ "a: {b: 1, \"b\": 2}\n", 0, 1, 11, "b: this key is here twice" },
	{ "- a: 1\n  a: 2\n", 0, 2, 3, "a: this key is here twice" },
	{ "\"\": 1\n\"\": 2\n", 0, 2, 1, "this key is here twice" },
	{ "[a]: 1\n", -EINVAL, 1, 1, "a key must be a text" },
	{ "a: 1\n? {b: c}\n: 2\n", -EINVAL, 2, 3, "a key must be a text" },
	/* A name from the file is no danger to a terminal. */
	{ "\"\\e[2J\": 1\n\"\\e[2J\": 2\n", 0, 2, 1, "\\x1b[2J: this key" },
	/* Depth: the seventeenth. */
	{ "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", -EINVAL, 1, 17, "too deep" },
	{ "- - - - - - - - - - - - - - - - - 1", -EINVAL, 1, 33, "too deep" },
	{ "{a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: 1}}}}}}}}}}}}}}}}}",
	  -EINVAL, 1, 65, "too deep" },
};

static void bad_texts(void **state)
{
	struct faults faults;
	unsigned int wrong = 0;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct yaml_doc *doc = NULL;
		int err;

		faults_init(&faults);
		err = yaml_doc__parse(bad[i].text, strlen(bad[i].text), &doc, &faults);
		if (err != bad[i].err || !faults.n || faults.all[0].line != bad[i].line ||
		    faults.all[0].column != bad[i].column ||
		    !strstr(faults.all[0].text, bad[i].what)) {
			print_error("%s: %d, %u faults, %u:%u: %s\n", bad[i].text, err, faults.n,
				    faults.all[0].line, faults.all[0].column, faults.all[0].text);
			wrong++;
		}
		assert_true(err ? !doc : doc != NULL);
		yaml_doc__free(doc);
	}
	assert_int_equal(wrong, 0);
}

static void nul_bytes(void **state)
{
	static const char text[] = "a: 1\nb: \0 2\n";
	struct yaml_doc *doc = NULL;
	struct faults faults;

	faults_init(&faults);
	assert_int_equal(yaml_doc__parse(text, sizeof(text) - 1, &doc, &faults), -EINVAL);
	assert_int_equal(faults.n, 1);
	assert_int_equal(faults.all[0].line, 2);
	assert_int_equal(faults.all[0].column, 4);
	assert_non_null(strstr(faults.all[0].text, "NUL"));
	assert_null(doc);
}

static void all_that_can_be_found_is_found(void **state)
{
	static const char text[] = "a: &x 1\nb: !!int 2\na: 3\nb: 4\n";
	struct yaml_doc *doc = NULL;
	struct faults faults;
	unsigned int i;

	faults_init(&faults);
	assert_int_equal(yaml_doc__parse(text, sizeof(text) - 1, &doc, &faults), 0);
	assert_int_equal(faults.n, 4);
	for (i = 0; i < 4; i++)
		assert_int_equal(faults.all[i].line, i + 1);
	assert_string_equal(yaml_find(yaml_doc__root(doc), "a")->text, "1");
	yaml_doc__free(doc);
}

/*
 * n pieces, with a number in each where there is something after it; and what is said of it, ""
 * where it is accepted.
 */
static void check_many(const char *begin, const char *piece, const char *after, unsigned int n,
		       const char *what)
{
	struct yaml_doc *doc = NULL;
	struct faults faults;
	struct buf text;
	unsigned int i;
	int err;

	buf_init(&text, 4 << 20);
	buf_str(&text, begin);
	for (i = 0; i < n; i++) {
		buf_str(&text, piece);
		if (after)
			buf_printf(&text, "%09u%s", i, after);
	}
	assert_int_equal(text.err, 0);
	faults_init(&faults);
	err = yaml_doc__parse(text.data, text.len, &doc, &faults);
	assert_int_equal(err, what[0] ? -EINVAL : 0);
	assert_int_equal(faults.n, what[0] != '\0');
	if (what[0] && !strstr(faults.all[0].text, what))
		fail_msg("%s%s…: %s", begin, piece, faults.all[0].text);
	yaml_doc__free(doc);
	buf_done(&text);
}

static void bounds(void **state)
{
	check_many("", "k", ": 1\n", YAML_KEYS_MAX, "");
	check_many("", "k", ": 1\n", YAML_KEYS_MAX + 1, "too many keys");
	check_many("", "- ", "\n", YAML_VALUES_MAX - 1, "");
	check_many("", "- ", "\n", YAML_VALUES_MAX, "too many values");
	check_many("a: 1\n", "# ", "\n", YAML_BYTES_MAX / 12 - 1, "");
	check_many("a: 1\n", "# ", "\n", YAML_BYTES_MAX / 12 + 1, "at most are read");
}

/* What has made other readers slow: it ends in a moment, or the suite's limit does. */
static void hostile_shapes(void **state)
{
	check_many("", "[", NULL, 200000, "too deep");
	check_many("", "{a: ", NULL, 60000, "too deep");
	check_many("", "- ", NULL, 100000, "too deep");
	check_many("", "? ", NULL, 100000, "a key must be a text");
	check_many("a: '", "''", NULL, 100000, "unexpected end of stream");
	check_many("a: \"", "\\", NULL, 100001, "unknown escape");
	check_many("", "&a", NULL, 100000, "did not find expected");
	check_many("a: ", "*b ", NULL, 80000, "aliases");
	check_many("", "\n", NULL, 200000, "");
}

static void more_faults_than_room(void **state)
{
	struct yaml_doc *doc = NULL;
	struct faults faults;
	struct buf text;
	char line[FAULT_LEN + 100];
	unsigned int i;

	buf_init(&text, 1 << 20);
	for (i = 0; i < FAULTS_MAX + 11; i++)
		buf_str(&text, "a: 1\n");
	faults_init(&faults);
	assert_int_equal(yaml_doc__parse(text.data, text.len, &doc, &faults), 0);
	assert_int_equal(faults.n, FAULTS_MAX);
	assert_int_equal(faults.more, 10);
	fault_format(&faults.all[0], "/etc/x.yml", line, sizeof(line));
	assert_string_equal(line, "/etc/x.yml:2:1: a: this key is here twice, first in line 1");
	yaml_doc__free(doc);
	buf_done(&text);
}

static void faults_have_an_order(void **state)
{
	struct faults faults;
	char line[FAULT_LEN];

	faults_init(&faults);
	faults_add(&faults, 3, 1, NULL, "c");
	faults_add(&faults, 2, 5, "key", "'%s' is bad", "\x1b[1m");
	faults_add(&faults, 2, 4, NULL, "a");
	faults_add(&faults, 0, 0, NULL, "is no file");
	faults_sort(&faults);
	assert_string_equal(faults.all[1].text, "a");
	assert_string_equal(faults.all[2].text, "key: '\\x1b[1m' is bad");
	assert_string_equal(faults.all[3].text, "c");
	fault_format(&faults.all[0], "f", line, sizeof(line));
	assert_string_equal(line, "f: is no file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_and_places),
		cmocka_unit_test(texts_of_many_lines),
		cmocka_unit_test(documents_without_anything),
		cmocka_unit_test(what_is_null),
		cmocka_unit_test(bad_texts),
		cmocka_unit_test(nul_bytes),
		cmocka_unit_test(all_that_can_be_found_is_found),
		cmocka_unit_test(bounds),
		cmocka_unit_test(hostile_shapes),
		cmocka_unit_test(more_faults_than_room),
		cmocka_unit_test(faults_have_an_order),
	};

	return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
