/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * formats.h - the one table of what a view can be encoded as.
 *
 * Owns: each format's name, its media type, its encoder. A new format is a file and a line
 * here. Not here: which page of the server is had in which of them (daemon/server.c).
 */
#ifndef VIGIE_EXPORT_FORMATS_H
#define VIGIE_EXPORT_FORMATS_H

#include "export/encode.h"

enum view_format {
	VIEW_TABLE,
	VIEW_JSON,
	VIEW_OPENMETRICS,
	VIEW_CSV,
	VIEW_INDEX, /* the page at /; self is never NULL there */
	VIEW_NOW, /* /api/v1/now */
	VIEW_PROMETHEUS,
	VIEW_FORMATS,
};

struct view_encoder {
	const char *name;
	const char *media_type; /* NULL: not for HTTP */
	const char *version; /* of the media type, or NULL */
	void (*encode)(const struct encode_ctx *ctx);
	bool selectable; /* people may ask for it: --format */
};

extern const struct view_encoder view_formats[VIEW_FORMATS];

/* VIEW_FORMATS: no format that people may ask for has this name. */
enum view_format view_format_by_name(const char *name);
/* "table, json or csv": what people may ask for, and last another name that is not NULL. */
void view_formats_list(struct buf *out, const char *another);

#endif
