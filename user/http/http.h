/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * http.h - the only listening sockets of vigie: GET and HEAD over loopback or a Unix socket.
 *
 * Owns: listeners, connections, limits, content negotiation, compression, and the rendered
 * pages that concurrent scrapers share. Runs inside the caller's event loop, no thread.
 * Not here: what is in a page, and in which formats (the caller renders).
 */
#ifndef VIGIE_HTTP_HTTP_H
#define VIGIE_HTTP_HTTP_H

#include <linux/types.h>
#include <stdbool.h>

#include "base/buf.h"
#include "http/content.h"

struct http_address {
	int family; /* AF_INET, AF_INET6, AF_UNIX */
	char host[64]; /* numeric; "" for AF_UNIX */
	unsigned int port;
	char path[108]; /* AF_UNIX */
	bool loopback; /* 127.0.0.0/8, ::1, or AF_UNIX */
};

/*
 * "ADDR:PORT", "[v6]:PORT", ":PORT" (all addresses), "unix:PATH". ADDR is numeric or
 * "localhost". 0 or -EINVAL with *ret_why a static text: what is allowed.
 */
int http_address_parse(const char *text, struct http_address *ret, const char **ret_why);
/* "127.0.0.1:9838", "[::1]:9838", "unix:/run/vigie.sock". */
void http_address_format(const struct http_address *address, char *dst, size_t dst_size);

struct http_callbacks {
	void *ctx;
	/*
	 * Makes sure that the view is fresh enough to be served; returns its generation, which
	 * grows with each new view, or -errno (answered with 503).
	 */
	__s64 (*refresh)(void *ctx);
	/*
	 * Renders a page of the current view in one of its contents, both by index. 0 or -errno
	 * (503). Called once per generation, page and content.
	 */
	int (*render)(void *ctx, unsigned int page, unsigned int content, struct buf *out);
	/* For /-/ready: true once the first snapshot was taken. */
	bool (*ready)(void *ctx);
	/* Static, at most HTTP_CONTENTS_MAX and HTTP_PAGES_MAX of them. */
	const struct http_content *contents;
	unsigned int ncontents;
	const struct http_page *pages;
	unsigned int npages;
};

struct http_stat {
	__u64 scrapes; /* pages answered with 200 */
	__u64 scrape_errors; /* pages answered with 5xx */
	__u64 connections_refused; /* over the cap: turned away, or closed for a newer one */
};

enum { HTTP_LISTENERS_MAX = 4 };

struct http;

/*
 * Binds and listens, all or nothing. 0 and *ret, or -errno with *ret_failed the index of
 * the address that failed. A stale Unix socket (nobody answers) is replaced; a live one is
 * -EADDRINUSE. Nothing is accepted before http__start().
 */
int http__bind(const struct http_address *addresses, unsigned int n, struct http **ret,
	       unsigned int *ret_failed);
/* As bound: a port 0 has become the one that the kernel chose. */
const struct http_address *http__address(const struct http *http, unsigned int i);
int http__start(struct http *http, const struct http_callbacks *callbacks, const char *version);
/* File descriptors to poll for input; on any of them, or after the timeout, call http__run(). */
unsigned int http__fds(struct http *http, int *ret_fds, unsigned int max);
int http__timeout_ms(struct http *http); /* -1: none */
void http__run(struct http *http);
void http__stat(const struct http *http, struct http_stat *ret);
void http__free(struct http *http); /* accepts NULL; closes everything */

#endif
