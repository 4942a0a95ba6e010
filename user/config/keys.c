// SPDX-License-Identifier: GPL-2.0-only
/* keys.c - owns the walk over sections and keys, and suggestions. */
#include "config/keys.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/nearest.h"

enum { HINT_LEN = 260, NAME_LEN = 100, LIST_NAMES_MAX = 200 };

/* What is known in one place: the sections, or the keys of a section. */
struct known {
	const struct config_key *keys;
	unsigned int nkeys;
	const char *section; /* NULL: the sections */
};

struct walk {
	const struct config_key *keys;
	unsigned int nkeys;
	const struct yaml_value **values;
	struct faults *faults;
};

/* The i-th name there, or NULL: that key is elsewhere, or its section was named already. */
static const char *known_name(const struct known *known, unsigned int i)
{
	const struct config_key *key = &known->keys[i];

	if (known->section)
		return strcmp(key->section, known->section) ? NULL : key->name;
	if (i && !strcmp(known->keys[i - 1].section, key->section))
		return NULL;
	return key->section;
}

/* "log-level" in the section log is "level". */
static const char *without_section(const char *name, const char *section)
{
	size_t len = section ? strlen(section) : 0;

	if (len && !strncmp(name, section, len) && (name[len] == '-' || name[len] == '_'))
		return name + len + 1;
	return name;
}

static const char *known_nearest(const struct known *known, const char *name)
{
	const char *nearest = NULL, *candidate;
	size_t len, least, far;
	unsigned int i;

	name = without_section(name, known->section);
	len = strlen(name);
	least = len / 3 + 2; /* what is further off is not what was meant */
	for (i = 0; i < known->nkeys; i++) {
		candidate = known_name(known, i);
		if (!candidate)
			continue;
		far = nearest_distance(name, len, candidate, strlen(candidate));
		if (far >= least)
			continue;
		least = far;
		nearest = candidate;
	}
	return nearest;
}

/* The key of that name in another section, or NULL. */
static const struct config_key *known_elsewhere(const struct known *known, const char *name)
{
	unsigned int i;

	for (i = 0; i < known->nkeys; i++)
		if (known->keys[i].name && !strcmp(known->keys[i].name, name))
			return &known->keys[i];
	return NULL;
}

static void list_names(const struct known *known, char *dst, size_t size)
{
	const char *name;
	size_t at = 0;
	unsigned int i;

	dst[0] = '\0';
	for (i = 0; i < known->nkeys && at < size; i++) {
		name = known_name(known, i);
		if (name)
			at += (size_t)snprintf(dst + at, size - at, "%s%s", at ? ", " : "", name);
	}
}

static void refuse_unknown(struct walk *walk, const struct yaml_value *value, const char *section)
{
	const struct known known = { walk->keys, walk->nkeys, section };
	const char *nearest = known_nearest(&known, value->key);
	const struct config_key *elsewhere = known_elsewhere(&known, value->key);
	char hint[HINT_LEN], names[LIST_NAMES_MAX];

	if (elsewhere && (!section || strcmp(elsewhere->section, section))) {
		snprintf(hint, sizeof(hint), "it belongs to the section %s", elsewhere->section);
	} else if (nearest) {
		snprintf(hint, sizeof(hint), "did you mean %s?", nearest);
	} else {
		list_names(&known, names, sizeof(names));
		snprintf(hint, sizeof(hint), "there are %s", names);
	}
	if (section)
		faults_add(walk->faults, value->key_line, value->key_column, NULL,
			   "%s.%.60s: no such key in this section; %s", section, value->key, hint);
	else
		faults_add(walk->faults, value->key_line, value->key_column, NULL,
			   "%.60s: no such section; %s", value->key, hint);
}

static void refuse_form(struct walk *walk, const struct yaml_value *value,
			const struct config_key *key, const char *what)
{
	char name[NAME_LEN];

	snprintf(name, sizeof(name), "%s.%s", key->section, key->name);
	faults_add(walk->faults, value->line, value->column, name, "%s", what);
}

static bool check_text(struct walk *walk, const struct yaml_value *value,
		       const struct config_key *key)
{
	char what[NAME_LEN];

	if (value->kind != YAML_KIND_TEXT) {
		snprintf(what, sizeof(what), "%s is not one value", yaml_kind_name(value));
		refuse_form(walk, value, key, what);
		return false;
	}
	if (!yaml_is_null(value))
		return true;
	refuse_form(walk, value, key, "has no value; leave the key out for its default");
	return false;
}

static bool check_list(struct walk *walk, const struct yaml_value *value,
		       const struct config_key *key)
{
	const struct yaml_value *item;
	bool good = true;

	if (value->kind == YAML_KIND_TEXT)
		return check_text(walk, value, key);
	if (value->kind != YAML_KIND_LIST) {
		refuse_form(walk, value, key, "a mapping is not a list");
		return false;
	}
	for (item = value->first; item; item = item->next)
		good &= check_text(walk, item, key);
	return good;
}

static bool check_form(struct walk *walk, const struct yaml_value *value,
		       const struct config_key *key)
{
	bool is_switch = key->form == CONFIG_SWITCH;

	if (key->form == CONFIG_LIST)
		return check_list(walk, value, key);
	if (!check_text(walk, value, key))
		return false;
	if (is_switch &&
	    (!value->plain || (strcmp(value->text, "true") && strcmp(value->text, "false")))) {
		refuse_form(walk, value, key, "must be true or false, without quotes");
		return false;
	}
	if (key->form == CONFIG_NUMBER && !value->plain) {
		refuse_form(walk, value, key, "a text is not a number: leave the quotes out");
		return false;
	}
	return true;
}

static void take_section(struct walk *walk, const struct yaml_value *section)
{
	const struct yaml_value *value;
	bool known;
	unsigned int i;

	for (value = section->first; value; value = value->next) {
		known = false;
		for (i = 0; i < walk->nkeys; i++) {
			const struct config_key *key = &walk->keys[i];

			if (strcmp(key->section, section->key) || strcmp(key->name, value->key))
				continue;
			known = true;
			if (check_form(walk, value, key))
				walk->values[i] = value;
		}
		if (!known)
			refuse_unknown(walk, value, section->key);
	}
}

/* Any key of that section, or NULL: there is no such section. */
static const struct config_key *find_section(const struct walk *walk, const char *name)
{
	unsigned int i;

	for (i = 0; i < walk->nkeys; i++)
		if (!strcmp(walk->keys[i].section, name))
			return &walk->keys[i];
	return NULL;
}

void config_keys_find(const struct yaml_value *root, const struct config_key *keys,
		      unsigned int nkeys, const struct yaml_value **values, struct faults *faults)
{
	struct walk walk = { keys, nkeys, values, faults };
	const struct yaml_value *section;
	const struct config_key *known;

	memset(values, 0, nkeys * sizeof(*values));
	if (!root)
		return;
	if (root->kind != YAML_KIND_MAP) {
		faults_add(faults, root->line, root->column, NULL,
			   "%s is no configuration: sections are expected, such as 'log:'",
			   yaml_kind_name(root));
		return;
	}
	for (section = root->first; section; section = section->next) {
		known = find_section(&walk, section->key);
		if (!known)
			refuse_unknown(&walk, section, NULL);
		else if (known->form == CONFIG_ELSEWHERE)
			values[known - keys] = section;
		else if (section->kind == YAML_KIND_MAP)
			take_section(&walk, section);
		else if (!yaml_is_null(section)) /* all of its keys are comments */
			faults_add(faults, section->line, section->column, section->key,
				   "%s is no section: keys are expected in the lines below it",
				   yaml_kind_name(section));
	}
}
