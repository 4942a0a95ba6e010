// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_settings.c - the table of keys against the options, the defaults, and what is written of it.
 *
 * DOCS_UPDATE=1 (`make docs`) rewrites the table in docs/configuration.md and the whole of
 * deploy/vigie.yml instead of holding them against it. VIGIE_SRCDIR is the root of the sources,
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

#include "app/serve_options.h"
#include "app/settings.h"
#include "log/encode.h"

/* Options that make no sense in the file, or are there by another name; each with its reason. */
static const struct {
	const char *name, *reason;
} without_key[] = {
	{ "config.file", "says where the file is" },
	{ "check-config", "is about the file, and ends" },
	{ "print-config", "prints what the file and the options make, and ends" },
	{ "recording", "the former name of state-dir" },
	{ "keep", "the former name of retention" },
	{ "no-recording", "the former name of no-history" },
	{ "web.listen-address", "what listen is called in other exporters" },
};

static bool is_without_key(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(without_key) / sizeof(without_key[0]); i++)
		if (!strcmp(without_key[i].name, name))
			return true;
	return false;
}

typedef void option_fn(const struct argp_option *option, void *ctx);

static void each_option(const struct argp *argp, option_fn *take, void *ctx)
{
	const struct argp_option *option;
	const struct argp_child *child;

	for (option = argp->options; option && (option->name || option->key || option->doc);
	     option++)
		if (option->name)
			take(option, ctx);
	for (child = argp->children; child && child->argp; child++)
		each_option(child->argp, take, ctx);
}

static void needs_key(const struct argp_option *option, void *ctx)
{
	char name[64];
	unsigned int *n = ctx;

	(*n)++;
	snprintf(name, sizeof(name), "--%s", option->name);
	if (is_without_key(option->name) == !setting_by_option(name))
		return;
	if (is_without_key(option->name))
		fail_msg("%s has a key, and a reason for having none", name);
	fail_msg("%s has no key in user/app/settings.c, and no reason for that here", name);
}

static void every_option_has_a_key(void **state)
{
	unsigned int n = 0;

	each_option(&serve_argp, needs_key, &n);
	assert_int_equal(n, nsettings + sizeof(without_key) / sizeof(without_key[0]));
}

static void is_that(const struct argp_option *option, void *ctx)
{
	const char **name = ctx;

	if (*name && !strcmp(option->name, *name))
		*name = NULL;
}

static void every_key_has_an_option(void **state)
{
	unsigned int i;

	for (i = 0; i < nsettings; i++) {
		const char *name = settings[i].option + 2;

		assert_memory_equal(settings[i].option, "--", 2);
		each_option(&serve_argp, is_that, &name);
		if (name)
			fail_msg("%s.%s: there is no option --%s", settings[i].key.section,
				 settings[i].key.name, name);
	}
}

/* No name twice; sections stand together; what is not live has its reason, and all have words. */
static void the_table_is_whole(void **state)
{
	unsigned int i, k;

	for (i = 0; i < nsettings; i++) {
		const struct setting *s = &settings[i];

		assert_non_null(settings_section_help(s->key.section));
		assert_non_null(s->help);
		assert_non_null(s->allowed);
		assert_true(s->live == !s->why_restart);
		assert_true(!s->value || !s->words);
		assert_true(!s->words == !s->sample);
		assert_true(s->value || s->words || s->key.form == CONFIG_LIST);
		for (k = i + 1; k < nsettings; k++) {
			assert_true(strcmp(settings[k].key.section, s->key.section) ||
				    strcmp(settings[k].key.name, s->key.name));
			assert_string_not_equal(settings[k].option, s->option);
			assert_true(strcmp(settings[k].key.section, s->key.section) ||
				    !strcmp(settings[k - 1].key.section, s->key.section));
		}
	}
	assert_null(settings_section_help("x"));
	assert_null(setting_by_option("--config.file"));
}

/* What the options are without any is what the table says. */
static void defaults_are_the_defaults(void **state)
{
	struct serve_options is, set;
	unsigned int i;

	serve_options_init(&is);
	serve_options_init(&set);
	for (i = 0; i < nsettings; i++) {
		struct option_value value = { .text = settings[i].value, .as = "default" };

		if (value.text && settings[i].set((char *)&set + settings[i].of, &value))
			fail_msg("%s: '%s' is not %s", settings[i].option, value.text,
				 value.allowed);
	}
	assert_int_equal(set.nlisten, 1); /* of no address it is made when all else is read */
	memset(set.listen, 0, sizeof(set.listen));
	memset(set.listen_as, 0, sizeof(set.listen_as));
	set.nlisten = 0;
	assert_string_equal(set.services.log_format, EVENT_TEXT_FORMAT);
	set.services.log_format = NULL;
	assert_string_equal(set.common.runtime_root, is.common.runtime_root);
	set.common.runtime_root = is.common.runtime_root;
	assert_string_equal(set.server.telemetry_path, is.server.telemetry_path);
	set.server.telemetry_path = is.server.telemetry_path;
	assert_memory_equal(&set, &is, sizeof(is));
}

static void yaml_texts(void **state)
{
	static const struct {
		const char *text, *yaml;
	} texts[] = {
		{ "info", "info" },
		{ "/var/lib/x_y-z.1", "/var/lib/x_y-z.1" },
		{ "5s", "5s" },
		{ "", "''" },
		{ "true", "'true'" },
		{ "Null", "'Null'" },
		{ "12", "'12'" },
		{ "1:20", "'1:20'" },
		{ "it's", "'it''s'" },
		{ "a: b", "'a: b'" },
		{ "a:", "'a:'" },
		{ "# x", "'# x'" },
		{ "%(message)s", "'%(message)s'" },
		{ "- x", "'- x'" },
		{ "żółw", "'żółw'" },
		{ "vigie_*", "'vigie_*'" },
	};
	const struct setting *setting = setting_by_option("--log-file");
	struct buf out;
	size_t i;

	buf_init(&out, 1000);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		buf_clear(&out);
		assert_int_equal(settings_yaml_text(&out, setting, texts[i].text), 0);
		buf_char(&out, '\0');
		assert_string_equal(out.data, texts[i].yaml);
	}
	assert_true(settings_yaml_text(&out, setting, "a\nb") < 0);
	assert_true(settings_yaml_text(&out, setting, "\xff") < 0);
	buf_done(&out);
}

/* --- Files that are written from the table. */

static const char doc_head[] = "| key | option | default |";

static FILE *source_file(const char *name, const char *mode)
{
	const char *root = getenv("VIGIE_SRCDIR");
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root ? root : ".", name);
	file = fopen(path, mode);
	if (!file)
		fail_msg("cannot open %s", path);
	return file;
}

static void file_read(const char *name, struct buf *ret)
{
	FILE *file = source_file(name, "r");
	char text[4096];
	size_t n;

	while ((n = fread(text, 1, sizeof(text), file)))
		buf_add(ret, text, n);
	fclose(file);
	buf_char(ret, '\0');
	assert_int_equal(ret->err, 0);
}

/* made ends in NUL. */
static void check_file(const char *name, const struct buf *is, const struct buf *made)
{
	FILE *file;

	assert_int_equal(made->err, 0);
	if (!getenv("DOCS_UPDATE")) {
		if (strcmp(is->data, made->data))
			fail_msg("%s is out of date: run `make docs`", name);
		return;
	}
	file = source_file(name, "w");
	assert_int_equal(fwrite(made->data, 1, made->len - 1, file), made->len - 1);
	assert_int_equal(fclose(file), 0);
}

static void the_manual_is_up_to_date(void **state)
{
	struct buf is, made;
	const char *table, *end;

	buf_init(&is, 1 << 20);
	buf_init(&made, 1 << 20);
	file_read("docs/configuration.md", &is);
	table = strstr(is.data, doc_head);
	assert_non_null(table);
	end = strstr(table, "\n\n");
	buf_add(&made, is.data, (size_t)(table - is.data));
	settings_doc_encode(&made);
	if (end)
		buf_str(&made, end + 1);
	buf_char(&made, '\0');
	check_file("docs/configuration.md", &is, &made);
	buf_done(&is);
	buf_done(&made);
}

static void the_example_is_up_to_date(void **state)
{
	struct buf is, made;

	buf_init(&is, 1 << 20);
	buf_init(&made, 1 << 20);
	if (getenv("DOCS_UPDATE"))
		buf_char(&is, '\0');
	else
		file_read("deploy/vigie.yml", &is);
	settings_example_encode(&made);
	buf_char(&made, '\0');
	check_file("deploy/vigie.yml", &is, &made);
	buf_done(&is);
	buf_done(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_has_a_key),
		cmocka_unit_test(every_key_has_an_option),
		cmocka_unit_test(the_table_is_whole),
		cmocka_unit_test(defaults_are_the_defaults),
		cmocka_unit_test(yaml_texts),
		cmocka_unit_test(the_manual_is_up_to_date),
		cmocka_unit_test(the_example_is_up_to_date),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
