/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * keys.h - which keys a file of sections has, and what is wrong with those of a document.
 *
 *	section:
 *	  key: value
 *
 * Owns: sections, keys, the form of their values, what is said of one that does not exist. Knows
 * the keys of its caller's table and nothing of what they are for. Not here: what a value may be
 * beyond its form (the caller's), the syntax (yaml.h).
 */
#ifndef VIGIE_CONFIG_KEYS_H
#define VIGIE_CONFIG_KEYS_H

#include "config/yaml.h"

enum config_form {
	CONFIG_TEXT, /* one text; a number, a duration, a path is one */
	CONFIG_NUMBER, /* one without quotes */
	CONFIG_SWITCH, /* true or false */
	CONFIG_LIST, /* of texts; one text is a list of one */
	CONFIG_ELSEWHERE, /* a section, whose keys its own reader knows; it has no name here */
};

struct config_key {
	const char *section, *name;
	enum config_form form;
};

/*
 * values[i] becomes the value of keys[i], or NULL: the document does not have it, or not in its
 * form. All faults are added. root NULL: an empty document.
 */
void config_keys_find(const struct yaml_value *root, const struct config_key *keys,
		      unsigned int nkeys, const struct yaml_value **values, struct faults *faults);

#endif
