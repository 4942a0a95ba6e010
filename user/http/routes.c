// SPDX-License-Identifier: GPL-2.0-only
/*
 * routes.c - see routes.h.
 *
 * Owns: paths, texts, headers. Does not belong here: sockets, libmicrohttpd, formats.
 */
#include "http/routes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

enum { RETRY_AFTER_S = 2 };

/* Only what needs no escaping in HTML is taken from the version. */
static void index_render(struct routes *routes, const char *version)
{
	size_t len = strspn(version, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789.-+_~");

	snprintf(routes->index, sizeof(routes->index),
		 "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">"
		 "<title>vigie</title></head>\n<body>\n<h1>vigie</h1>\n"
		 "<p>Version %.*s. What every process of this host costs, and why it waits.</p>\n"
		 "<p><a href=\"/metrics\">Metrics</a></p>\n</body>\n</html>\n",
		 (int)(len < 64 ? len : 64), version);
}

void routes_init(struct routes *routes, const struct http_callbacks *callbacks, const char *version)
{
	routes->callbacks = *callbacks;
	routes->scrapes = routes->scrape_errors = 0;
	routes->extra.n = 0;
	page_cache_init(&routes->cache);
	index_render(routes, version);
}

void extra_headers_done(struct extra_headers *extra)
{
	for (unsigned int i = 0; i < extra->n; i++)
		free(extra->all[i].value);
	extra->n = 0;
}

int extra_headers_copy(const struct access *access, struct extra_headers *ret)
{
	struct extra_headers extra = { .n = 0 };

	for (unsigned int i = 0; i < access->nheaders; i++) {
		extra.all[i].name = access->headers[i].name;
		extra.all[i].value = strdup(access->headers[i].value);
		if (!extra.all[i].value) {
			extra_headers_done(&extra);
			return -ENOMEM;
		}
		extra.n++;
	}
	*ret = extra;
	return 0;
}

void routes_take_headers(struct routes *routes, const struct extra_headers *extra)
{
	extra_headers_done(&routes->extra);
	routes->extra = *extra;
}

void routes_done(struct routes *routes)
{
	page_cache_done(&routes->cache);
	extra_headers_done(&routes->extra);
}

/* A name twice: the later value, which is the configuration's, replaces the earlier one. */
static void add_header(struct answer *a, const char *name, const char *value)
{
	for (unsigned int i = 0; i < a->nheaders; i++) {
		if (!strcmp(a->headers[i].name, name) && strcmp(name, "WWW-Authenticate")) {
			a->headers[i].value = value;
			return;
		}
	}
	if (a->nheaders < ANSWER_HEADERS_MAX) {
		a->headers[a->nheaders].name = name;
		a->headers[a->nheaders++].value = value;
	}
}

static void set_body(struct answer *a, unsigned int status, const char *content_type,
		     const char *body)
{
	a->status = status;
	a->body = body;
	a->body_len = strlen(body);
	add_header(a, "Content-Type", content_type);
}

static void set_text(struct answer *a, unsigned int status, const char *text)
{
	set_body(a, status, "text/plain; charset=utf-8", text);
}

static void answer_fault(struct answer *a, unsigned int status)
{
	static const struct {
		unsigned int status;
		const char *text;
	} faults[] = {
		{ 401, "credentials are needed, and these were none or wrong ones\n" },
		{ 403, "this host name is not served here: ask by address or as localhost\n" },
		{ 404, "not found: / shows what there is\n" },
		{ 405, "only GET and HEAD\n" },
		{ 414, "the request target is longer than 8 KiB\n" },
		{ 429, "too many requests: ask again later\n" },
		{ 431, "the request header is longer than 16 KiB\n" },
		{ 503, "credentials cannot be verified now: ask again later\n" },
		{ 505, "only HTTP/1.0 and HTTP/1.1\n" },
	};
	const char *text = "bad request\n";

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (faults[i].status == status)
			text = faults[i].text;
	}
	set_text(a, status, text);
	a->fault = true;
	if (status == 405)
		add_header(a, "Allow", "GET, HEAD");
}

/* Who may not be answered now, or not yet. */
static void answer_refused(struct answer *a, const struct request *r)
{
	answer_fault(a, r->refused);
	if (r->refused == 401 && r->offer_basic)
		add_header(a, "WWW-Authenticate", "Basic realm=\"vigie\", charset=\"UTF-8\"");
	if (r->refused == 401 && r->offer_bearer)
		add_header(a, "WWW-Authenticate", "Bearer realm=\"vigie\"");
}

static void add_policy(struct answer *a)
{
	add_header(a, "Content-Security-Policy",
		   "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
		   "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
}

static void answer_page(struct routes *routes, unsigned int page, const struct negotiation *n,
			struct answer *a)
{
	const struct http_callbacks *callbacks = &routes->callbacks;
	enum http_page_kind kind = callbacks->pages[page].kind;
	struct choice choice = negotiation_choose(n, &callbacks->pages[page]);
	int err = page_cache_get(&routes->cache, callbacks, page, choice.content, choice.gzip,
				 &a->page);

	if (err) {
		routes->scrape_errors++;
		snprintf(a->text, sizeof(a->text),
			 "no metrics: the snapshot or its page failed: %s\n", err_name(err));
		a->in_text = true;
		set_text(a, 503, a->text);
		a->fault = true;
		return;
	}
	if (kind == HTTP_SCRAPE)
		routes->scrapes++;
	a->status = 200;
	a->body = a->page->text.data;
	a->body_len = a->page->text.len;
	choice_content_type(&choice, callbacks->contents, a->content_type);
	add_header(a, "Content-Type", a->content_type);
	add_header(a, "Vary", "Accept, Accept-Encoding");
	if (a->page->gzip)
		add_header(a, "Content-Encoding", "gzip");
	if (kind == HTTP_DOCUMENT)
		add_policy(a);
}

static void answer_index(const struct routes *routes, struct answer *a)
{
	set_body(a, 200, "text/html; charset=utf-8", routes->index);
	add_policy(a);
}

static void answer_healthy(const struct routes *routes, struct answer *a)
{
	set_text(a, 200, "vigie is healthy\n");
}

static void answer_ready(const struct routes *routes, struct answer *a)
{
	if (routes->callbacks.ready(routes->callbacks.ctx))
		set_text(a, 200, "vigie is ready\n");
	else
		set_text(a, 503, "not ready: no snapshot yet\n");
}

/* What is answered without a view; the caller's pages come first, an index of its own, too. */
static const struct {
	const char *path;
	void (*answer)(const struct routes *routes, struct answer *a);
} fixed_routes[] = {
	{ "/", answer_index },
	{ "/-/healthy", answer_healthy },
	{ "/-/ready", answer_ready },
};

static void answer_unasked(struct answer *a, const struct request *r)
{
	snprintf(a->text, sizeof(a->text), "%s\n", r->why);
	a->in_text = true;
	a->fault = true;
	set_text(a, r->unasked, a->text);
}

/* Made elsewhere. Its page goes on living with the answer. */
static void answer_said(struct answer *a, struct said *said)
{
	a->status = said->status;
	a->page = said->page;
	a->page->refs++;
	a->body = a->page->text.data;
	a->body_len = a->page->text.len;
	snprintf(a->content_type, sizeof(a->content_type), "%s; charset=utf-8", said->type);
	add_header(a, "Content-Type", a->content_type);
	add_header(a, "Vary", "Accept-Encoding");
	if (a->page->gzip)
		add_header(a, "Content-Encoding", "gzip");
	if (said->policy)
		add_header(a, "Content-Security-Policy", said->policy);
}

int routes_find_ask(const struct routes *routes, const struct request *r)
{
	const char *path;

	if (r->refused || request_check(r, &path))
		return -1;
	for (unsigned int i = 0; i < routes->callbacks.nasks; i++)
		if (!strcmp(path, routes->callbacks.asks[i]))
			return (int)i;
	return -1;
}

static void answer_path(struct routes *routes, const char *path, const struct request *r,
			struct answer *a)
{
	const struct http_page *pages = routes->callbacks.pages;
	size_t i;

	for (i = 0; i < routes->callbacks.npages; i++) {
		if (!strcmp(path, pages[i].path) && (r->local || pages[i].kind != HTTP_LOCAL)) {
			answer_page(routes, i, &r->negotiation, a);
			return;
		}
	}
	for (i = 0; i < sizeof(fixed_routes) / sizeof(fixed_routes[0]); i++) {
		if (!strcmp(path, fixed_routes[i].path)) {
			fixed_routes[i].answer(routes, a);
			return;
		}
	}
	answer_fault(a, 404);
}

/* Who reads JSON finds what went wrong where it looks for all else. Our lines need no escaping. */
static void fault_as_json(struct answer *a)
{
	char line[sizeof(a->text)];
	int len = (int)strcspn(a->body, "\n");

	snprintf(line, sizeof(line), "%.*s", len, a->body);
	snprintf(a->text, sizeof(a->text), "{\"error\":\"%.150s\",\"status\":%u}\n", line,
		 a->status);
	a->in_text = true;
	set_body(a, a->status, "application/json; charset=utf-8", a->text);
}

/* Whatever is not to be had now: who knows says when, else it is soon. */
static void add_retry(struct answer *a, const struct request *r)
{
	if (a->status != 429 && a->status != 503)
		return;
	snprintf(a->retry_after, sizeof(a->retry_after), "%u",
		 r->retry_after_s ? r->retry_after_s : RETRY_AFTER_S);
	add_header(a, "Retry-After", a->retry_after);
}

void routes_answer(struct routes *routes, const struct request *r, struct answer *ret)
{
	const char *path = NULL;
	unsigned int fault = request_check(r, &path);

	memset(ret, 0, sizeof(*ret));
	if (fault)
		answer_fault(ret, fault);
	else if (r->refused)
		answer_refused(ret, r);
	else if (r->said)
		answer_said(ret, r->said);
	else if (r->unasked)
		answer_unasked(ret, r);
	else
		answer_path(routes, path, r, ret);
	if (ret->fault &&
	    !strncmp(path ? path : r->target, HTTP_API_PREFIX, strlen(HTTP_API_PREFIX)))
		fault_as_json(ret);
	add_retry(ret, r);
	add_header(ret, "Cache-Control", "no-store");
	add_header(ret, "X-Content-Type-Options", "nosniff");
	for (unsigned int i = 0; i < routes->extra.n; i++)
		add_header(ret, routes->extra.all[i].name, routes->extra.all[i].value);
	/* A body is not read: what would follow it on this connection cannot be found. */
	if (r->has_body)
		add_header(ret, "Connection", "close");
}
