// SPDX-License-Identifier: GPL-2.0-only
/* test_config_keys.c - sections, keys and forms: what is found, and what is said of the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "config/keys.h"

enum { LISTEN, SAFE, LEVEL, FILE_KEY, MAX_SIZE, KEYS };

static const struct config_key keys[KEYS] = {
	[LISTEN] = { "web", "listen", CONFIG_LIST },
	[SAFE] = { "web", "safe", CONFIG_SWITCH },
	[LEVEL] = { "log", "level", CONFIG_TEXT },
	[FILE_KEY] = { "log", "file", CONFIG_TEXT },
	[MAX_SIZE] = { "groups", "max-size", CONFIG_NUMBER },
};

static const struct yaml_value *values[KEYS];

static struct yaml_doc *find(const char *text, struct faults *faults)
{
	struct yaml_doc *doc = NULL;

	faults_init(faults);
	assert_int_equal(yaml_doc__parse(text, strlen(text), &doc, faults), 0);
	config_keys_find(yaml_doc__root(doc), keys, KEYS, values, faults);
	return doc;
}

static void values_are_found(void **state)
{
	struct faults faults;
	struct yaml_doc *doc = find("log: {level: info, file: '7'}\n"
				    "web:\n  listen: [a, b]\n  safe: false\n"
				    "groups:\n  max-size: 7\n",
				    &faults);

	assert_int_equal(faults.n, 0);
	assert_string_equal(values[LEVEL]->text, "info");
	assert_string_equal(values[FILE_KEY]->text, "7");
	assert_string_equal(values[LISTEN]->first->next->text, "b");
	assert_string_equal(values[SAFE]->text, "false");
	assert_string_equal(values[MAX_SIZE]->text, "7");
	yaml_doc__free(doc);
}

static void what_is_not_there_is_null(void **state)
{
	static const char *const texts[] = { "", "log:\n", "log: ~\nweb: {}\n", "# log:\n",
					     "log:\n  # level: info\nweb:\n" };
	struct faults faults;
	size_t i;
	int k;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct yaml_doc *doc = find(texts[i], &faults);

		assert_int_equal(faults.n, 0);
		for (k = 0; k < KEYS; k++)
			assert_null(values[k]);
		yaml_doc__free(doc);
	}
}

static void one_text_is_a_list_of_one(void **state)
{
	struct faults faults;
	struct yaml_doc *doc = find("web: {listen: a}", &faults);

	assert_int_equal(faults.n, 0);
	assert_string_equal(values[LISTEN]->text, "a");
	yaml_doc__free(doc);
}

static const struct {
	const char *text;
	unsigned int line, column;
	const char *what;
} bad[] = {
	{ "- a\n", 1, 1, "a list is no configuration: sections are expected" },
	{ "level: info\n", 1, 1, "level: no such section; it belongs to the section log" },
	{ "Log:\n", 1, 1, "Log: no such section; did you mean log?" },
	{ "group:\n", 1, 1, "group: no such section; did you mean groups?" },
	{ "frobnication:\n", 1, 1, "no such section; there are web, log, groups" },
	{ "log: info\n", 1, 6, "log: a text is no section" },
	{ "log:\n- level\n", 2, 1, "log: a list is no section" },
	{ "log:\n  levl: info\n", 2, 3,
	  "log.levl: no such key in this section; did you mean level?" },
	{ "log:\n  Level: info\n", 2, 3, "did you mean level?" },
	{ "log:\n  log-level: info\n", 2, 3,
	  "log.log-level: no such key in this section; did you mean level?" },
	{ "log:\n  log_file: x\n", 2, 3, "did you mean file?" },
	{ "groups:\n  max_size: 3\n", 2, 3, "did you mean max-size?" },
	{ "log:\n  listen: a\n", 2, 3,
	  "log.listen: no such key in this section; it belongs to the section web" },
	{ "log:\n  zzzzzzzz: a\n", 2, 3, "there are level, file" },
	{ "log:\n  \"\\e[2J\": a\n", 2, 3, "log.\\x1b[2J: no such key" },
	{ "log:\n  level: [info]\n", 2, 10, "log.level: a list is not one value" },
	{ "log:\n  level: {a: b}\n", 2, 10, "log.level: a mapping is not one value" },
	{ "log:\n  level:\n", 2, 9, "log.level: has no value" },
	{ "log:\n  level: ~\n", 2, 10, "log.level: has no value" },
	{ "web:\n  listen: {a: b}\n", 2, 11, "web.listen: a mapping is not a list" },
	{ "web:\n  listen: [a, [b]]\n", 2, 15, "web.listen: a list is not one value" },
	{ "web:\n  listen: [a, ~]\n", 2, 15, "web.listen: has no value" },
	{ "web:\n  listen:\n", 2, 10, "web.listen: has no value" },
	{ "web:\n  safe: yes\n", 2, 9, "web.safe: must be true or false" },
	{ "web:\n  safe: 'true'\n", 2, 9, "web.safe: must be true or false" },
	{ "web:\n  safe: True\n", 2, 9, "web.safe: must be true or false" },
	{ "web:\n  safe: [true]\n", 2, 9, "web.safe: a list is not one value" },
	{ "groups:\n  max-size: \"7\"\n", 2, 13, "groups.max-size: a text is not a number" },
	{ "log:\n  <<: {level: info}\n", 2, 3, "log.<<: no such key" },
};

static void bad_keys_and_forms(void **state)
{
	struct faults faults;
	unsigned int wrong = 0;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct yaml_doc *doc = find(bad[i].text, &faults);
		int k;

		if (faults.n != 1 || faults.all[0].line != bad[i].line ||
		    faults.all[0].column != bad[i].column ||
		    !strstr(faults.all[0].text, bad[i].what)) {
			print_error("%s: %u faults, %u:%u: %s\n", bad[i].text, faults.n,
				    faults.all[0].line, faults.all[0].column, faults.all[0].text);
			wrong++;
		}
		for (k = 0; k < KEYS; k++) /* nobody works with half a value */
			assert_null(values[k]);
		yaml_doc__free(doc);
	}
	assert_int_equal(wrong, 0);
}

static void every_fault_is_told(void **state)
{
	struct faults faults;
	struct yaml_doc *doc =
		find("log:\n  levl: a\n  level: [b]\nweb:\n  safe: 1\n  listen: c\nx:\n", &faults);

	assert_int_equal(faults.n, 4);
	assert_int_equal(faults.all[0].line, 2);
	assert_int_equal(faults.all[1].line, 3);
	assert_int_equal(faults.all[2].line, 5);
	assert_int_equal(faults.all[3].line, 7);
	assert_string_equal(values[LISTEN]->text, "c");
	yaml_doc__free(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_found),
		cmocka_unit_test(what_is_not_there_is_null),
		cmocka_unit_test(one_text_is_a_list_of_one),
		cmocka_unit_test(bad_keys_and_forms),
		cmocka_unit_test(every_fault_is_told),
	};

	return cmocka_run_group_tests_name("config keys", tests, NULL, NULL);
}
