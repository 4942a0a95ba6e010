/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * files.h - the static files of the live page, as they are in the binary.
 *
 * Owns: which there are, where, and as what. The page itself is made by export/index.c; what the script
 * asks for is docs/api.md.
 */
#ifndef VIGIE_WEB_FILES_H
#define VIGIE_WEB_FILES_H

#include <stddef.h>

struct web_file {
	const char *path, *media_type;
	const unsigned char *data;
	size_t len;
};

enum { WEB_FILES = 3 };
extern const struct web_file web_files[WEB_FILES];

#endif
