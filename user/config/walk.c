// SPDX-License-Identifier: GPL-2.0-only
/* walk.c - owns the walk, the wording of what is no such value, and suggestions. */
#include "config/walk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"

enum { NAME_LEN = 120, HINT_LEN = 300 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void config_refuse(struct config_walk *w, const struct yaml_value *value, const char *fmt, ...)
{
	const char *key = value->key ? value->key : "";
	char name[NAME_LEN], what[FAULT_LEN];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	snprintf(name, sizeof(name), "%s%s%.60s", w->section, *w->section && *key ? "." : "", key);
	faults_add(w->faults, value->line, value->column, *name ? name : NULL, "%s", what);
}

const char *config_text_of(struct config_walk *w, const struct yaml_value *value)
{
	if (value->kind == YAML_KIND_TEXT)
		return value->text;
	config_refuse(w, value, "%s where one text is expected", yaml_kind_name(value));
	return NULL;
}

bool config_is_kind(struct config_walk *w, const struct yaml_value *value, enum yaml_kind kind)
{
	if (value->kind == kind)
		return true;
	config_refuse(w, value, "%s where %s is expected", yaml_kind_name(value),
		      kind == YAML_KIND_LIST ? "a list (lines that begin with '- ')" : "a mapping");
	return false;
}

bool config_take_bool(struct config_walk *w, const struct yaml_value *value, bool *ret)
{
	static const char *const yes[] = { "true", "True", "TRUE", "yes", "Yes",
					   "YES",  "on",   "On",   "ON" };
	static const char *const no[] = { "false", "False", "FALSE", "no", "No",
					  "NO",	   "off",   "Off",   "OFF" };
	const char *text = config_text_of(w, value);
	size_t i;

	if (!text)
		return false;
	for (i = 0; i < COUNT(yes) && value->plain; i++) {
		if (!strcmp(text, yes[i]) || !strcmp(text, no[i])) {
			*ret = !strcmp(text, yes[i]);
			return true;
		}
	}
	config_refuse(w, value, "'%.40s' is neither true nor false%s", text,
		      value->plain ? "" : ": leave the quotes out");
	return false;
}

static void suggest(const struct config_taker *takers, size_t n, const char *name,
		    char hint[HINT_LEN])
{
	size_t least = strlen(name) / 3 + 2, at = 0, i;
	const char *nearest = NULL;

	for (i = 0; i < n; i++) {
		size_t far = nearest_distance(name, strlen(name), takers[i].name,
					      strlen(takers[i].name));

		if (far >= least)
			continue;
		least = far;
		nearest = takers[i].name;
	}
	if (nearest) {
		snprintf(hint, HINT_LEN, "did you mean %s?", nearest);
		return;
	}
	at = (size_t)snprintf(hint, HINT_LEN, "there are");
	for (i = 0; i < n && at < HINT_LEN; i++)
		at += (size_t)snprintf(hint + at, HINT_LEN - at, "%s %s", i ? "," : "",
				       takers[i].name);
}

int config_walk_map(struct config_walk *w, const struct yaml_value *map,
		    const struct config_taker *takers, size_t n)
{
	const struct yaml_value *value = map->first;
	char hint[HINT_LEN], name[NAME_LEN];
	int err = 0;
	size_t i;

	for (; value && !err; value = value->next) {
		for (i = 0; i < n && strcmp(value->key, takers[i].name);)
			i++;
		if (i < n) {
			err = yaml_is_null(value) ? 0 : takers[i].take(w, value);
			continue;
		}
		suggest(takers, n, value->key, hint);
		snprintf(name, sizeof(name), "%s%s%.60s", w->section, *w->section ? "." : "",
			 value->key);
		faults_add(w->faults, value->key_line, value->key_column, name, "no such key; %s",
			   hint);
	}
	return err;
}
