/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * routes.h - which answer a request gets: status, headers, body.
 *
 * Owns: the paths, the answers' headers, the current pages and the counting of scrapes.
 * Not here: sockets, libmicrohttpd (http.c); what is in a page (content.h).
 */
#ifndef VIGIE_HTTP_ROUTES_H
#define VIGIE_HTTP_ROUTES_H

#include "http/http.h"
#include "http/negotiate.h"
#include "http/page_cache.h"
#include "http/request.h"

struct routes {
	struct http_callbacks callbacks;
	struct page_cache cache;
	__u64 scrapes, scrape_errors;
	char index[512];
};

enum { ANSWER_HEADERS_MAX = 8 };

struct answer {
	unsigned int status;
	const char *body; /* of the page, the routes, static, or in text */
	size_t body_len;
	struct page *page; /* a reference that the answer's reader puts; or NULL */
	bool in_text; /* the body dies with this answer */
	char text[96];
	char content_type[CONTENT_TYPE_MAX];
	struct {
		const char *name;
		const char *value; /* static, or content_type */
	} headers[ANSWER_HEADERS_MAX];
	unsigned int nheaders;
};

void routes_init(struct routes *routes, const struct http_callbacks *callbacks,
		 const char *version);
void routes_done(struct routes *routes);
/* Always an answer. To be used in place: it points into itself. */
void routes_answer(struct routes *routes, const struct request *r, struct answer *ret);

#endif
