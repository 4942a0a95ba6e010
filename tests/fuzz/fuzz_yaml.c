// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_yaml.c - any bytes as a configuration file: a tree within the bounds, each value with a place
 * within the text, or a fault with one; then sections and keys of it.
 */
#include "fuzz.h"

#include <errno.h>

#include "config/keys.h"

static const struct config_key keys[] = {
	{ "web", "listen", CONFIG_LIST },
	{ "web", "safe", CONFIG_SWITCH },
	{ "log", "level", CONFIG_TEXT },
	{ "groups", "max", CONFIG_NUMBER },
};
enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

static unsigned int lines, values;

static void check_place(unsigned int line, unsigned int column, size_t size)
{
	FUZZ_CHECK(line >= 1 && line <= lines && column >= 1 && column <= size + 2);
}

/* Each key once, kinds and counts as they should be, no deeper and no more than allowed. */
static void check_value(const struct yaml_value *value, bool in_map, unsigned int depth,
			size_t size)
{
	const struct yaml_value *child;
	unsigned int n = 0;

	FUZZ_CHECK(++values <= YAML_VALUES_MAX && depth <= YAML_DEPTH_MAX);
	check_place(value->line, value->column, size);
	FUZZ_CHECK(in_map == (value->key != NULL));
	if (value->key)
		check_place(value->key_line, value->key_column, size);
	FUZZ_CHECK((value->kind == YAML_KIND_TEXT) == (value->text != NULL));
	FUZZ_CHECK(yaml_kind_name(value)[0]);
	for (child = value->first; child; child = child->next, n++)
		check_value(child, value->kind == YAML_KIND_MAP, depth + 1, size);
	FUZZ_CHECK(n == value->n && (value->kind != YAML_KIND_TEXT || !n));
}

static void check_faults(const struct faults *faults, size_t size)
{
	unsigned int i;

	FUZZ_CHECK(faults->n <= FAULTS_MAX && (!faults->more || faults->n == FAULTS_MAX));
	for (i = 0; i < faults->n; i++) {
		const char *at = faults->all[i].text;

		FUZZ_CHECK(*at);
		for (; *at; at++) /* a log line, or a terminal's */
			FUZZ_CHECK((unsigned char)*at >= 0x20 && *at != 0x7f);
		if (faults->all[i].line)
			check_place(faults->all[i].line, faults->all[i].column, size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct yaml_value *found[KEYS];
	char *text = fuzz_string(data, size);
	struct yaml_doc *doc = NULL;
	struct faults faults;
	size_t i;
	int err;

	/* Lines as YAML has them: CR, LF, NEL, LS and PS end one. */
	for (lines = 2, values = 0, i = 0; i < size; i++)
		lines += data[i] == '\n' || data[i] == '\r' || data[i] == 0x85 || data[i] == 0xa8 ||
			 data[i] == 0xa9;
	faults_init(&faults);
	err = yaml_doc__parse(text, size, &doc, &faults);
	free(text);
	FUZZ_CHECK(err == 0 || err == -EINVAL);
	FUZZ_CHECK((err == 0) == (doc != NULL) && (err == 0 || faults.n));
	if (doc && yaml_doc__root(doc)) {
		check_value(yaml_doc__root(doc), false, 0, size);
		config_keys_find(yaml_doc__root(doc), keys, KEYS, found, &faults);
	}
	check_faults(&faults, size);
	faults_sort(&faults);
	yaml_doc__free(doc);
	return 0;
}
