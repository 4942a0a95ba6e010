/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * yaml.h - a YAML document as a small tree in which every value has its place.
 *
 * One reader for all files that people configure vigie with. It takes the part of YAML that such
 * files need: one document of mappings, lists and texts. Anchors, aliases and tags are refused,
 * so a small file stays a small tree; so are a key twice in a mapping, keys that are not texts,
 * NUL and what is not UTF-8. Size, depth and the number of values are bounded.
 *
 * Owns: libyaml, the bounds, the wording of what is no such document. Not here: which keys there
 * are, what a text means (null, numbers and booleans are texts here), where the bytes come from.
 */
#ifndef VIGIE_CONFIG_YAML_H
#define VIGIE_CONFIG_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "config/faults.h"

enum {
	YAML_BYTES_MAX = 256 << 10, /* of the text */
	YAML_DEPTH_MAX = 16, /* mappings and lists within each other */
	YAML_VALUES_MAX = 8192, /* in the document */
	YAML_KEYS_MAX = 1024, /* in one mapping */
};

enum yaml_kind { YAML_KIND_TEXT, YAML_KIND_LIST, YAML_KIND_MAP };

struct yaml_value {
	enum yaml_kind kind;
	unsigned int line, column; /* from 1; a column is a character */
	const char *text; /* of a text: its bytes, valid UTF-8 without NUL, NUL-terminated */
	bool plain; /* a text without quotes, so perhaps a number, a boolean or null */
	const char *key; /* within a mapping; else NULL */
	unsigned int key_line, key_column;
	struct yaml_value *first, *next; /* what is within it; what follows it there */
	unsigned int n; /* how many are within it */
};

struct yaml_doc;

/*
 * 0 with *ret: a tree. -EINVAL: the text is none. -ENOMEM. The text need not outlive the call.
 * What is wrong is added to faults, also beside a tree: a key twice, an anchor, a tag. So that one
 * reading finds all that is wrong, the caller looks into the tree all the same, and then refuses.
 */
int yaml_doc__parse(const char *text, size_t len, struct yaml_doc **ret, struct faults *faults);
void yaml_doc__free(struct yaml_doc *doc); /* accepts NULL */

/* NULL: the document is empty. */
const struct yaml_value *yaml_doc__root(const struct yaml_doc *doc);

/* The value of that key in a mapping, or NULL. */
const struct yaml_value *yaml_find(const struct yaml_value *map, const char *key);
/* A text that says that there is none: nothing, ~ or null, without quotes. */
bool yaml_is_null(const struct yaml_value *value);
/* "a text", "a list", "a mapping": for messages. */
const char *yaml_kind_name(const struct yaml_value *value);

#endif
