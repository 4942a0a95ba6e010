/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * routes.h - which answer a request gets: status, headers, body.
 *
 * Owns: the paths, the answers' headers, the current pages and the counting of scrapes.
 * Not here: sockets, libmicrohttpd (http.c); what is in a page (content.h).
 */
#ifndef VIGIE_HTTP_ROUTES_H
#define VIGIE_HTTP_ROUTES_H

#include "data/access.h"
#include "http/http.h"
#include "http/negotiate.h"
#include "http/deferred.h"
#include "http/page_cache.h"
#include "http/request.h"

/* Headers of every answer that a configuration asks for. */
struct extra_headers {
	struct {
		const char *name; /* static */
		char *value;
	} all[ACCESS_HEADERS_MAX];
	unsigned int n;
};

struct routes {
	struct http_callbacks callbacks;
	struct extra_headers extra;
	struct page_cache cache;
	__u64 scrapes, scrape_errors;
	char index[512];
};

enum { ANSWER_HEADERS_MAX = 16 };

struct answer {
	unsigned int status;
	const char *body; /* of the page, the routes, static, or in text */
	size_t body_len;
	struct page *page; /* a reference that the answer's reader puts; or NULL */
	bool in_text; /* the body dies with this answer */
	bool fault; /* the body is a line for people */
	char text[200];
	char retry_after[12];
	char content_type[CONTENT_TYPE_MAX];
	struct {
		const char *name;
		const char *value; /* static, of the routes, or of this answer */
	} headers[ANSWER_HEADERS_MAX];
	unsigned int nheaders;
};

void routes_init(struct routes *routes, const struct http_callbacks *callbacks,
		 const char *version);
void routes_done(struct routes *routes);
/* 0 or -ENOMEM: nothing was made. */
int extra_headers_copy(const struct access *access, struct extra_headers *ret);
void extra_headers_done(struct extra_headers *extra);
/* They are the routes' from then on. */
void routes_take_headers(struct routes *routes, const struct extra_headers *extra);
/* Which of the paths that are asked elsewhere this request is for, if it may be answered at all; or -1. */
int routes_find_ask(const struct routes *routes, const struct request *r);
/* Always an answer. To be used in place: it points into itself. */
void routes_answer(struct routes *routes, const struct request *r, struct answer *ret);

#endif
