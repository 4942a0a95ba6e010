// SPDX-License-Identifier: GPL-2.0-only
/*
 * yaml.c - owns the way from libyaml's events to the tree, and what is refused on it.
 *
 * Events, not libyaml's own document: that follows aliases, keeps no place of a key, and is as
 * deep as the text wants.
 */
#include "config/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct yaml_doc {
	struct yaml_value root; /* of a document that is there */
	bool there;
};

struct builder {
	struct yaml_doc *doc;
	struct faults *faults;
	struct yaml_value *open[YAML_DEPTH_MAX]; /* from the root inwards */
	struct yaml_value **tail[YAML_DEPTH_MAX]; /* where the next value is hung up there */
	unsigned int depth, values;
	char *key; /* read, its value is still to come; ours */
	unsigned int key_line, key_column;
	bool ended; /* the document */
};

static void builder_fault(struct builder *b, yaml_mark_t mark, const char *what)
{
	faults_add(b->faults, mark.line + 1, mark.column + 1, NULL, "%s", what);
}

/* Calls itself for what is within: no deeper than YAML_DEPTH_MAX. */
static void value_clear(struct yaml_value *value)
{
	struct yaml_value *child = value->first, *next;

	for (; child; child = next) {
		next = child->next;
		value_clear(child);
		free(child);
	}
	if (value->text)
		explicit_bzero((char *)value->text, strlen(value->text)); /* may be a secret */
	free((char *)value->text);
	free((char *)value->key);
}

void yaml_doc__free(struct yaml_doc *doc)
{
	if (!doc)
		return;
	value_clear(&doc->root);
	free(doc);
}

static const struct yaml_value *value_with_key(const struct yaml_value *map, const char *key)
{
	const struct yaml_value *value;

	for (value = map->first; value; value = value->next)
		if (!strcmp(value->key, key))
			return value;
	return NULL;
}

static struct yaml_value *builder_parent(const struct builder *b)
{
	return b->depth ? b->open[b->depth - 1] : NULL;
}

/* True: the next text is a key. */
static bool expects_key(const struct builder *b)
{
	const struct yaml_value *parent = builder_parent(b);

	return parent && parent->kind == YAML_KIND_MAP && !b->key;
}

/* A copy of the event's text in ret; NUL would end it early for everyone who reads it. */
static int copy_text(struct builder *b, const yaml_event_t *event, char **ret)
{
	const char *text = (const char *)event->data.scalar.value;

	if (memchr(text, '\0', event->data.scalar.length)) {
		builder_fault(b, event->start_mark, "a text may not hold NUL");
		return -EINVAL;
	}
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

static int take_key(struct builder *b, const yaml_event_t *event)
{
	const struct yaml_value *map = builder_parent(b), *first;
	int err = copy_text(b, event, &b->key);

	if (err)
		return err;
	b->key_line = event->start_mark.line + 1;
	b->key_column = event->start_mark.column + 1;
	if (map->n == YAML_KEYS_MAX) {
		builder_fault(b, event->start_mark, "there are too many keys in this mapping");
		return -EINVAL;
	}
	first = value_with_key(map, b->key);
	if (first) /* reading goes on: there may be more that is wrong */
		faults_add(b->faults, b->key_line, b->key_column, b->key,
			   "this key is here twice, first in line %u", first->key_line);
	return 0;
}

/* Where the next value belongs. */
static int hang_up(struct builder *b, const yaml_event_t *event, enum yaml_kind kind,
		   struct yaml_value **ret)
{
	struct yaml_value *value = &b->doc->root, *parent = builder_parent(b);

	if (b->values++ == YAML_VALUES_MAX) {
		builder_fault(b, event->start_mark, "there are too many values in this file");
		return -EINVAL;
	}
	if (parent) {
		value = calloc(1, sizeof(*value));
		if (!value)
			return -ENOMEM;
		*b->tail[b->depth - 1] = value;
		b->tail[b->depth - 1] = &value->next;
		parent->n++;
		value->key = b->key;
		value->key_line = b->key_line;
		value->key_column = b->key_column;
		b->key = NULL;
	}
	b->doc->there = true;
	value->kind = kind;
	value->line = event->start_mark.line + 1;
	value->column = event->start_mark.column + 1;
	*ret = value;
	return 0;
}

/* Both would make another value of what is written than what is read. */
static void refuse_properties(struct builder *b, const yaml_event_t *event, const void *anchor,
			      const void *tag)
{
	if (anchor)
		builder_fault(b, event->start_mark, "anchors (&name) are not for this file");
	if (tag)
		builder_fault(b, event->start_mark, "tags (!name) are not for this file");
}

static int take_scalar(struct builder *b, const yaml_event_t *event)
{
	struct yaml_value *value;
	char *text;
	int err;

	refuse_properties(b, event, event->data.scalar.anchor, event->data.scalar.tag);
	if (expects_key(b))
		return take_key(b, event);
	err = hang_up(b, event, YAML_KIND_TEXT, &value);
	if (!err)
		err = copy_text(b, event, &text);
	if (err)
		return err;
	value->text = text;
	value->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return 0;
}

static int take_begin(struct builder *b, const yaml_event_t *event, enum yaml_kind kind)
{
	struct yaml_value *value;
	int err;

	if (expects_key(b)) {
		builder_fault(b, event->start_mark, "a key must be a text");
		return -EINVAL;
	}
	if (b->depth == YAML_DEPTH_MAX) {
		builder_fault(b, event->start_mark, "mappings and lists are too deep here");
		return -EINVAL;
	}
	err = hang_up(b, event, kind, &value);
	if (err)
		return err;
	b->open[b->depth] = value;
	b->tail[b->depth++] = &value->first;
	return 0;
}

static int take_event(struct builder *b, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (!b->ended)
			return 0;
		builder_fault(b, event->start_mark, "a second document begins: there may be one");
		return -EINVAL;
	case YAML_DOCUMENT_END_EVENT: b->ended = true; return 0;
	case YAML_ALIAS_EVENT:
		builder_fault(b, event->start_mark, "aliases (*name) are not for this file");
		return -EINVAL;
	case YAML_SCALAR_EVENT: return take_scalar(b, event);
	case YAML_SEQUENCE_START_EVENT:
		refuse_properties(b, event, event->data.sequence_start.anchor,
				  event->data.sequence_start.tag);
		return take_begin(b, event, YAML_KIND_LIST);
	case YAML_MAPPING_START_EVENT:
		refuse_properties(b, event, event->data.mapping_start.anchor,
				  event->data.mapping_start.tag);
		return take_begin(b, event, YAML_KIND_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT: b->depth--; return 0;
	default: return 0;
	}
}

/* Line and column of a byte, for what is told by its offset. */
static void fault_at(struct faults *faults, const char *text, size_t at, const char *what)
{
	unsigned int line = 1, column = 1;
	size_t i;

	for (i = 0; i < at; i++) {
		if (text[i] == '\n') {
			line++;
			column = 1;
		} else if ((text[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	faults_add(faults, line, column, NULL, "%s", what);
}

/* What libyaml has against the text; its context says where the thing began that has no end. */
static int parser_fault(const yaml_parser_t *parser, const char *text, size_t len,
			struct faults *faults)
{
	const char *problem = parser->problem ? parser->problem : "not a YAML document";

	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (parser->error == YAML_READER_ERROR)
		fault_at(faults, text, parser->problem_offset < len ? parser->problem_offset : len,
			 problem);
	else if (parser->context && parser->context_mark.line != parser->problem_mark.line)
		faults_add(faults, parser->problem_mark.line + 1, parser->problem_mark.column + 1,
			   NULL, "%s, %s that begins in line %zu", problem, parser->context,
			   parser->context_mark.line + 1);
	else
		faults_add(faults, parser->problem_mark.line + 1, parser->problem_mark.column + 1,
			   NULL, "%s%s%s", problem, parser->context ? ", " : "",
			   parser->context ? parser->context : "");
	return -EINVAL;
}

static int parse_events(struct builder *b, yaml_parser_t *parser, const char *text, size_t len)
{
	yaml_event_type_t type;
	yaml_event_t event;
	int err;

	do {
		if (!yaml_parser_parse(parser, &event))
			return parser_fault(parser, text, len, b->faults);
		type = event.type;
		err = take_event(b, &event);
		yaml_event_delete(&event);
		if (err)
			return err;
	} while (type != YAML_STREAM_END_EVENT);
	return 0;
}

/* What libyaml would stop at without a word, or takes for another encoding. */
static int check_bytes(const char *text, size_t len, struct faults *faults)
{
	const char *nul = memchr(text, '\0', len);

	if (len > YAML_BYTES_MAX) {
		faults_add(faults, 0, 0, NULL, "has %zu bytes; %d at most are read", len,
			   YAML_BYTES_MAX);
		return -EINVAL;
	}
	if (!nul)
		return 0;
	fault_at(faults, text, (size_t)(nul - text), "a NUL byte: this is not a text file");
	return -EINVAL;
}

int yaml_doc__parse(const char *text, size_t len, struct yaml_doc **ret, struct faults *faults)
{
	struct builder b = { .faults = faults };
	yaml_parser_t parser;
	int err = check_bytes(text, len, faults);

	if (err)
		return err;
	b.doc = calloc(1, sizeof(*b.doc));
	if (!b.doc || !yaml_parser_initialize(&parser)) {
		free(b.doc);
		return -ENOMEM;
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	err = parse_events(&b, &parser, text, len);
	yaml_parser_delete(&parser);
	free(b.key);
	if (err) {
		yaml_doc__free(b.doc);
		return err;
	}
	*ret = b.doc;
	return 0;
}

const struct yaml_value *yaml_doc__root(const struct yaml_doc *doc)
{
	return doc->there && !yaml_is_null(&doc->root) ? &doc->root : NULL;
}

const struct yaml_value *yaml_find(const struct yaml_value *map, const char *key)
{
	return map->kind == YAML_KIND_MAP ? value_with_key(map, key) : NULL;
}

bool yaml_is_null(const struct yaml_value *value)
{
	return value->kind == YAML_KIND_TEXT && value->plain &&
	       (!value->text[0] || !strcmp(value->text, "~") || !strcmp(value->text, "null"));
}

const char *yaml_kind_name(const struct yaml_value *value)
{
	static const char *const names[] = { "a text", "a list", "a mapping" };

	return names[value->kind];
}
