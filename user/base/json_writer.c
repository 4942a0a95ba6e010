// SPDX-License-Identifier: GPL-2.0-only
/*
 * json_writer.c - JSON's syntax (RFC 8259), encode only.
 *
 * Owns: commas, quotes, escapes, exact numbers. Not here: any document.
 */
#include "base/json_writer.h"

#include <string.h>

static void quoted(struct buf *out, const char *text)
{
	buf_char(out, '"');
	for (; *text; text++) {
		unsigned char c = *text;

		if (c == '"' || c == '\\') {
			buf_char(out, '\\');
			buf_char(out, c);
		} else if (c < 0x20) {
			buf_printf(out, "\\u%04x", c);
		} else {
			buf_char(out, c);
		}
	}
	buf_char(out, '"');
}

static void json_member(struct json *j, const char *name)
{
	if (j->comma)
		buf_char(j->out, ',');
	j->comma = true;
	if (!name)
		return;
	quoted(j->out, name);
	buf_char(j->out, ':');
}

void json_open(struct json *j, const char *name, char bracket)
{
	json_member(j, name);
	buf_char(j->out, bracket);
	j->comma = false;
}

void json_close(struct json *j, char bracket)
{
	buf_char(j->out, bracket);
	j->comma = true;
}

void json_text(struct json *j, const char *name, const char *text)
{
	json_member(j, name);
	quoted(j->out, text);
}

void json_u64(struct json *j, const char *name, uint64_t value)
{
	json_member(j, name);
	buf_u64(j->out, value);
}

void json_bool(struct json *j, const char *name, bool value)
{
	json_literal(j, name, value ? "true" : "false");
}

void json_seconds(struct json *j, const char *name, uint64_t ns)
{
	json_member(j, name);
	buf_seconds(j->out, ns);
}

void json_tenths(struct json *j, const char *name, uint64_t value)
{
	json_member(j, name);
	buf_u64(j->out, value / 10);
	buf_char(j->out, '.');
	buf_char(j->out, '0' + value % 10);
}

void json_literal(struct json *j, const char *name, const char *token)
{
	json_member(j, name);
	buf_str(j->out, token);
}

/* The comma stays at the end of the line before. */
void json_line(struct json *j)
{
	if (j->comma)
		buf_char(j->out, ',');
	j->comma = false;
	buf_char(j->out, '\n');
}
