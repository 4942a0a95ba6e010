/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * json_writer.h - JSON's syntax (RFC 8259), encode only.
 *
 * Owns: commas, quotes, escapes, exact numbers. Texts must be valid UTF-8. Not here: any
 * document.
 */
#ifndef VIGIE_BASE_JSON_WRITER_H
#define VIGIE_BASE_JSON_WRITER_H

#include "base/buf.h"

#include <stdbool.h>

struct json {
	struct buf *out;
	bool comma; /* the next member or element follows another one */
};

/* name is NULL for elements of an array and for the document itself. */
void json_open(struct json *j, const char *name, char bracket); /* '{' or '[' */
void json_close(struct json *j, char bracket); /* '}' or ']' */
void json_text(struct json *j, const char *name, const char *text);
void json_u64(struct json *j, const char *name, uint64_t value);
void json_bool(struct json *j, const char *name, bool value);
void json_seconds(struct json *j, const char *name, uint64_t ns); /* 1.000000002 */
void json_tenths(struct json *j, const char *name, uint64_t value); /* 123 is 12.3 */
void json_literal(struct json *j, const char *name, const char *token); /* as it stands */
void json_line(struct json *j); /* the next member or element begins a line */

#endif
