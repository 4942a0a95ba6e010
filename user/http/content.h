/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * content.h - what there is to serve: content types by index, pages by path.
 *
 * Owns: the caller's tables of content types and of pages, and which page is made in which of
 * them. Not here: any format; the caller renders.
 */
#ifndef VIGIE_HTTP_CONTENT_H
#define VIGIE_HTTP_CONTENT_H

#include <stdbool.h>

enum { HTTP_CONTENTS_MAX = 12, HTTP_PAGES_MAX = 12, PAGE_CONTENTS_MAX = 4 };

/* "text/plain; version=0.0.4"; always UTF-8. Texts are static. */
struct http_content {
	const char *type; /* media type and subtype, in lower case; NULL: nobody can have it */
	const char *version; /* of its version parameter; NULL: it has none */
};

enum http_page_kind {
	HTTP_SCRAPE, /* counted as such */
	HTTP_API, /* for scripts: nothing beside what every page has */
	HTTP_DOCUMENT, /* for a browser: it may load and run what this server has, and nothing else */
	HTTP_LOCAL, /* through our own Unix socket only, whose file says who may */
	HTTP_FILE, /* a part of a document: the same in every generation */
};
/* Below it what goes wrong is said in JSON, whether there is a page or not. */
#define HTTP_API_PREFIX "/api/"

/* A path whose body is rendered from the current view, shared and compressed by page_cache.h. */
struct http_page {
	const char *path;
	/* Indices of contents, the preferred one first; the last is sent where nothing fits. */
	unsigned int contents[PAGE_CONTENTS_MAX];
	unsigned int ncontents; /* 1 or more */
	enum http_page_kind kind;
};

#endif
