// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_escape.c - text on its way into HTML, JSON and the log: what a reader of that form makes of it
 * is the text, and nothing else in the document has come of it. The page's labels and the terminal's
 * table are fuzz_encode.c's, a report's SVG fuzz_session.c's.
 */
#include "fuzz.h"

#include <ctype.h>
/* A type of json-c, which reads, has the name of a function of ours, which writes. */
#define json_bool json_c_bool
#include <json-c/json.h>
#undef json_bool
#include <stdbool.h>

#include "base/html_escape.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "log/encode.h"
#include "utf8.h"

enum { ROOM = 1 << 20 };

/* As a browser reads a quoted attribute: the five references that must be there, no bare sign. */
static void check_html(const char *text)
{
	static const struct {
		const char *reference;
		char sign;
	} references[] = { { "&amp;", '&' },
			   { "&lt;", '<' },
			   { "&gt;", '>' },
			   { "&quot;", '"' },
			   { "&#39;", '\'' } };
	struct buf out;
	const char *at;
	size_t i;

	buf_init(&out, ROOM);
	html_escape(&out, text);
	buf_char(&out, '\0');
	FUZZ_CHECK(!out.err && !strpbrk(out.data, "<>\"'"));
	for (at = out.data; *text; text++) {
		for (i = 0; *at == '&' && i < 5; i++)
			if (!strncmp(at, references[i].reference, strlen(references[i].reference)))
				break;
		FUZZ_CHECK(*text == (*at == '&' ? references[i % 5].sign : *at) && i < 5);
		at += *at == '&' ? strlen(references[i].reference) : 1;
	}
	FUZZ_CHECK(!*at);
	buf_done(&out);
}

/* The member of that name of a JSON text must be this one. */
static void check_member(const char *json, size_t len, const char *name, const char *want)
{
	struct json_tokener *tokener = json_tokener_new_ex(32);
	struct json_object *tree, *member;

	FUZZ_CHECK(tokener);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	tree = json_tokener_parse_ex(tokener, json, len);
	FUZZ_CHECK(tree && json_tokener_get_parse_end(tokener) == len);
	FUZZ_CHECK(json_object_object_get_ex(tree, name, &member));
	FUZZ_CHECK(!strcmp(json_object_get_string(member), want));
	json_object_put(tree);
	json_tokener_free(tokener);
}

static void check_json(const char *text)
{
	struct buf out;
	struct json j = { .out = &out };

	buf_init(&out, ROOM);
	json_open(&j, NULL, '{');
	json_text(&j, "before", text);
	json_text(&j, "message", text);
	json_close(&j, '}');
	FUZZ_CHECK(!out.err);
	check_member(out.data, out.len, "message", text);
	buf_done(&out);
}

static void check_ecs(const struct event *event, const struct origin *origin)
{
	struct buf out;

	buf_init(&out, ROOM);
	event_ecs_encode(&out, event, origin);
	event_ecs_close(&out);
	FUZZ_CHECK(!out.err && out.data[out.len - 1] == '\n');
	FUZZ_CHECK(utf8_is_clean(out.data, out.len - 1));
	check_member(out.data, out.len - 1, "message", event->message);
	buf_done(&out);
}

/* journald's own rules; the value of MESSAGE, and that there is one only. */
static void check_journal(const struct event *event, const struct origin *origin)
{
	const unsigned char *at, *end, *key;
	unsigned int messages = 0;
	struct buf out;
	size_t len;

	buf_init(&out, ROOM);
	event_journal_encode(&out, event, origin);
	FUZZ_CHECK(!out.err);
	at = (const unsigned char *)out.data;
	for (end = at + out.len; at < end; at += len + 1) {
		for (key = at; at < end && (isupper(*at) || isdigit(*at) || *at == '_'); at++)
			;
		FUZZ_CHECK(at > key && at < end && (*at == '=' || *at == '\n'));
		if (*at++ == '=') {
			len = (const unsigned char *)memchr(at, '\n', end - at) - at;
		} else {
			FUZZ_CHECK(end - at > 8);
			for (len = 0; len < 8; len++)
				FUZZ_CHECK(len < 3 || !at[len]);
			len = at[0] | at[1] << 8 | at[2] << 16;
			at += 8;
		}
		FUZZ_CHECK(len < (size_t)(end - at) && at[len] == '\n');
		if (memcmp(key, "MESSAGE=", 8) != 0 && memcmp(key, "MESSAGE\n", 8) != 0)
			continue;
		messages++;
		FUZZ_CHECK(len == strlen(event->message) && !memcmp(at, event->message, len));
	}
	FUZZ_CHECK(messages == !!*event->message);
	buf_done(&out);
}

/* A layout of anybody's is taken or refused; a line is a line. */
static void check_lines(const struct event *event, const struct origin *origin, const char *format)
{
	const char *why = NULL;
	struct buf out;
	bool good = !event_text_check_format(format, &why);

	FUZZ_CHECK(good || (why && *why));
	buf_init(&out, ROOM);
	event_text_encode(&out, event, origin, good ? format : NULL);
	FUZZ_CHECK(!out.err && out.len && out.data[out.len - 1] == '\n');
	if (!good)
		FUZZ_CHECK(utf8_is_clean(out.data, out.len - 1));
	buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct origin origin = { .host_name = "host", .version = "0", .pid = 1 };
	struct event event = { .level = SEVERITY_WARNING,
			       .wall_ns = 1790000000000000001,
			       .action = "fuzzed" };
	char *raw = fuzz_string(data, size);
	char clean[512];

	text_sanitise(clean, sizeof(clean), raw, size);
	text_sanitise(origin.host_name, sizeof(origin.host_name), raw, size);
	check_html(raw);
	check_html(clean);
	check_json(clean);
	event.message = clean;
	check_ecs(&event, &origin);
	check_lines(&event, &origin, raw);
	check_journal(&event, &origin);
	event.message = raw; /* a line end must not begin a field */
	check_journal(&event, &origin);
	free(raw);
	return 0;
}
