/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * http.h - the only listening sockets of vigie: GET and HEAD over TCP, encrypted or not, or a Unix socket.
 *
 * Owns: listeners, connections, limits, TLS, credentials, content negotiation, compression, and the
 * rendered pages that concurrent scrapers share. Runs inside the caller's event loop, no thread.
 * Not here: what is in a page, and in which formats (the caller renders).
 */
#ifndef VIGIE_HTTP_HTTP_H
#define VIGIE_HTTP_HTTP_H

#include <linux/types.h>
#include <stdbool.h>

#include "base/buf.h"
#include "data/access.h"
#include "data/self.h"
#include "http/content.h"

struct http_address {
	int family; /* AF_INET, AF_INET6, AF_UNIX */
	char host[64]; /* numeric; "" for AF_UNIX */
	unsigned int port;
	char path[108]; /* AF_UNIX */
	bool loopback; /* 127.0.0.0/8, ::1, or AF_UNIX */
	int inherited_fd; /* a socket that listens there already; 0: none */
};

/*
 * "ADDR:PORT", "[v6]:PORT", ":PORT" (all addresses), "unix:PATH". ADDR is numeric or
 * "localhost". 0 or -EINVAL with *ret_why a static text: what is allowed.
 */
int http_address_parse(const char *text, struct http_address *ret, const char **ret_why);
/*
 * Where a socket that somebody handed to us listens. It becomes ours with http__bind(). 0, or -EINVAL with
 * *ret_why a static text.
 */
int http_address_of_socket(int fd, struct http_address *ret, const char **ret_why);
/* "127.0.0.1:9838", "[::1]:9838", "unix:/run/vigie.sock". */
void http_address_format(const struct http_address *address, char *dst, size_t dst_size);

/* What somebody should hear of. */
enum http_note {
	HTTP_NOTE_HANDSHAKE, /* a TLS handshake failed */
	HTTP_NOTE_CERTIFICATE, /* because of the client's certificate */
	HTTP_NOTE_CREDENTIALS, /* a wrong user, password or token */
	HTTP_NOTE_VERIFIER, /* the process that verifies passwords is gone */
	HTTP_NOTES,
};

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
	/* peer: an address, or ""; what: one line, printable. NULL: nobody wants to know. */
	void (*note)(void *ctx, enum http_note note, const char *peer, const char *what);
	/*
	 * Paths whose answers are made elsewhere, by index: all of it that a request has is its query, as sent
	 * ("" or "a=b&c=d"). 0: http__answer() is called with this job some time; or the status of a
	 * refusal with *ret_why a static line. gzip: the answer may be.
	 */
	const char *const *asks;
	unsigned int nasks;
	unsigned int (*ask)(void *ctx, unsigned int ask, const char *query, bool gzip, __u64 job,
			    const char **ret_why);
	size_t answers_most; /* bytes of answers that are being read; 0: no bound */
};

struct http_stat {
	__u64 scrapes; /* pages answered with 200 */
	__u64 scrape_errors; /* pages answered with 5xx */
	__u64 connections_refused; /* over the cap: turned away, or closed for a newer one */
	__u64 denied[HTTP_DENIALS];
	bool verifier_up; /* passwords can be verified */
	__u64 verifier_cpu_ns; /* what that took, ever */
};

enum { HTTP_LISTENERS_MAX = 4, HTTP_WHY_LEN = 200 };

struct http;

/*
 * Binds and listens, all or nothing. 0 and *ret, or -errno with *ret_failed the index of
 * the address that failed, if one did. A stale Unix socket (nobody answers) is replaced; a live one is
 * -EADDRINUSE. Nothing is accepted before http__start().
 */
int http__bind(const struct http_address *addresses, unsigned int n, struct http **ret,
	       unsigned int *ret_failed);
/*
 * One address more, before http__start(): a Unix socket of our own, the only one through which HTTP_LOCAL pages are
 * had. 0, -ENOSPC: one was added already; or -errno.
 */
int http__add(struct http *http, const struct http_address *address);
/* As bound: a port 0 has become the one that the kernel chose. */
const struct http_address *http__address(const struct http *http, unsigned int i);
/*
 * Who may ask and how, from now on; what it needs is copied. Connections keep the encryption that they
 * have, and are asked to come again after their next answer. Once before http__start() (else there is
 * neither TLS nor anyone to ask for credentials later), then at any time. 0; or an error with *ret_key
 * and why as tls_context__new() has them (*ret_key NULL: no memory), and everything is as before.
 * Unix sockets stay as they are: who may open one is decided by its file.
 */
int http__configure(struct http *http, const struct access *access, const char **ret_key,
		    char why[HTTP_WHY_LEN]);
/* Who answers password_ask (password_wire.h); the descriptor is ours from now on. Before http__start(). */
void http__set_verifier(struct http *http, int fd);
int http__start(struct http *http, const struct http_callbacks *callbacks, const char *version);
/* What became of a job; nobody may wait for it any more. */
struct http_said {
	unsigned int status;
	const char *type; /* static: "application/json" */
	const char *policy; /* Content-Security-Policy; NULL: none. It outlives the connections */
	bool gzip;
	struct buf *text; /* taken over: empty afterwards, unless nobody waits, or there is no room */
};
void http__answer(struct http *http, __u64 job, const struct http_said *said);
/* No job is answered any more: 503, at once, with this static line. */
void http__give_up(struct http *http, const char *why);
/* File descriptors to poll for input; on any of them, or after the timeout, call http__run(). */
unsigned int http__fds(struct http *http, int *ret_fds, unsigned int max);
int http__timeout_ms(struct http *http); /* -1: none */
void http__run(struct http *http);
void http__stat(const struct http *http, struct http_stat *ret);
void http__free(struct http *http); /* accepts NULL; closes everything */

#endif
