// SPDX-License-Identifier: GPL-2.0-only
/*
 * otlp_logs.c - owns OTLP's messages of logs: a line of the findings' log as a LogRecord.
 *
 * Body is the line's message, and all else an attribute, called as ECS calls it: what joins here and
 * there are the same words. A list's elements have their number in the name. A line is bytes of a
 * file: what is no JSON object, or too deep, is skipped and counted.
 */
#include <errno.h>
#include <json-c/json.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/proto_writer.h"
#include "base/units.h"
#include "push/otlp_logs.h"

enum {
	DEPTH_MAX = 8,
	PATH_MAX_LEN = 256,
	ATTRIBUTES_MAX = 512,
	LINE_MAX_LEN = 1 << 20,
};

struct record {
	struct buf *out; /* the LogRecord */
	struct buf *attribute, *value; /* under construction */
	unsigned int attributes;
	char path[PATH_MAX_LEN];
};

/* 0; -EINVAL: a kind that is left out (null). */
static int add_value(struct buf *value, struct json_object *json)
{
	const char *text = json_object_get_string(json);

	switch (json_object_get_type(json)) {
	case json_type_string: proto_bytes_always(value, 1, text, strlen(text)); return 0;
	case json_type_boolean:
		proto_varint_always(value, 2, json_object_get_boolean(json));
		return 0;
	case json_type_int: proto_varint_always(value, 3, json_object_get_int64(json)); return 0;
	case json_type_double:
		proto_double_always(value, 4, json_object_get_double(json));
		return 0;
	default: return -EINVAL;
	}
}

static bool add_leaf(struct record *r, struct json_object *json)
{
	/* These have fields of their own. */
	if (!strcmp(r->path, "message") || !strcmp(r->path, "@timestamp"))
		return true;
	if (add_value(r->value, json))
		return true;
	proto_text(r->attribute, 1, r->path);
	proto_message(r->attribute, 2, r->value);
	proto_message(r->out, 6, r->attribute);
	return ++r->attributes <= ATTRIBUTES_MAX;
}

static bool add_all(struct record *r, struct json_object *json, size_t len);

static bool add_child(struct record *r, struct json_object *json, size_t len, const char *name)
{
	int n = snprintf(r->path + len, sizeof(r->path) - len, "%s%s", len ? "." : "", name);

	return n > 0 && (size_t)n < sizeof(r->path) - len && add_all(r, json, len + n);
}

/* As deep as the tokener let it be. false: longer or more than a line of ours has. */
static bool add_all(struct record *r, struct json_object *json, size_t len)
{
	char number[24];
	size_t i;

	if (json_object_is_type(json, json_type_object)) {
		json_object_object_foreach(json, key, child)
		{
			if (!add_child(r, child, len, key))
				return false;
		}
		return true;
	}
	if (!json_object_is_type(json, json_type_array))
		return add_leaf(r, json);
	for (i = 0; i < json_object_array_length(json); i++) {
		snprintf(number, sizeof(number), "%zu", i);
		if (!add_child(r, json_object_array_get_idx(json, i), len, number))
			return false;
	}
	return true;
}

static const char *text_of(struct json_object *line, const char *above, const char *name)
{
	struct json_object *in = line;

	if (above && !json_object_object_get_ex(line, above, &in))
		return "";
	if (!json_object_is_type(in, json_type_object) ||
	    !json_object_object_get_ex(in, name, &in) || !json_object_is_type(in, json_type_string))
		return "";
	return json_object_get_string(in);
}

static __u64 time_of(struct json_object *line)
{
	struct tm tm = { 0 };
	unsigned int ms = 0;
	const char *rest = strptime(text_of(line, NULL, "@timestamp"), "%Y-%m-%dT%H:%M:%S", &tm);
	time_t at;

	if (!rest || sscanf(rest, ".%3uZ", &ms) != 1)
		return 0;
	at = timegm(&tm);
	return at > 0 ? at * NS_PER_S + ms * NS_PER_MS : 0;
}

static unsigned int severity_of(const char *level)
{
	static const struct {
		const char *level;
		unsigned int number;
	} all[] = { { "debug", 5 },
		    { "info", 9 },
		    { "warning", 13 },
		    { "error", 17 },
		    { "critical", 21 } };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(all[i].level, level))
			return all[i].number;
	return 0;
}

static bool add_record(struct record *r, struct json_object *line)
{
	const char *message = text_of(line, NULL, "message"),
		   *level = text_of(line, "log", "level");
	__u64 time_ns = time_of(line);

	if (time_ns) {
		proto_fixed64_always(r->out, 1, time_ns);
		proto_fixed64_always(r->out, 11, time_ns);
	}
	proto_u64(r->out, 2, severity_of(level));
	proto_text(r->out, 3, level);
	proto_text(r->value, 1, message);
	proto_message(r->out, 5, r->value);
	proto_text(r->out, 12, text_of(line, "event", "dataset"));
	return add_all(r, line, 0);
}

int otlp_log_record(struct buf *out, struct buf *attribute, struct buf *value, const char *line,
		    size_t len)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	struct record r = { .out = out, .attribute = attribute, .value = value };
	struct json_object *json;
	int err = 0;

	if (!tokener)
		return -ENOMEM;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	json = len <= LINE_MAX_LEN ? json_tokener_parse_ex(tokener, line, len) : NULL;
	if (!json || !json_object_is_type(json, json_type_object) || !add_record(&r, json))
		err = -EBADMSG;
	json_object_put(json);
	json_tokener_free(tokener);
	return err ? err : out->err;
}
