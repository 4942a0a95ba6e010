/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * settings.h - the keys of vigie.yml: one line for each option of `vigie serve` that has one.
 *
 * Owns: section, key, option, default and words of each, and whether it changes while vigie
 * serves. docs/configuration.md and deploy/vigie.yml are held against this table by
 * tests/unit/test_settings.c. Not here: bounds (the option_set_fn of the option, which the key
 * goes through as well), reading the file (serve_config.h).
 */
#ifndef VIGIE_APP_SETTINGS_H
#define VIGIE_APP_SETTINGS_H

#include "app/options.h"
#include "base/buf.h"
#include "config/keys.h"

struct setting {
	struct config_key key;
	const char *option; /* as option_take() knows it: "--listen" */
	option_set_fn *set;
	size_t of; /* where in a serve_options is what set() is given */
	const char *value; /* the default; NULL: a list that is empty, or what words say */
	const char *words; /* such a default, for people; else NULL */
	const char *sample; /* with words: what could be there */
	const char *allowed; /* what may be there, for the manual */
	const char *help; /* one line: above the key in the example, and in the manual */
	bool quantity; /* a duration or size: 60s is 1m */
	bool commas; /* a list that the option takes in one value, with commas */
	bool joined; /* such a list is judged as a whole, not name by name */
	bool last; /* takes effect after what was typed, which it takes away from */
	bool live; /* SIGHUP changes it */
	const char *why_restart; /* else: why not */
};

extern const struct setting settings[];
extern const unsigned int nsettings;
enum { SETTINGS_MAX = 64 };

/* What each section is about, for the example and the manual; NULL: no such section. */
const char *settings_section_help(const char *section);
/* By its option, "--listen"; NULL: it has no key. */
const struct setting *setting_by_option(const char *option);

/* A text as YAML on one line, quoted where it must be. -EINVAL: not UTF-8, which YAML cannot hold. */
int settings_yaml_text(struct buf *out, const struct setting *setting, const char *text);

/* The table of docs/configuration.md, behind its words; and deploy/vigie.yml, the whole. */
void settings_doc_encode(struct buf *out);
void settings_example_encode(struct buf *out);

#endif
