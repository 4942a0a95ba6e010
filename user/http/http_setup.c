// SPDX-License-Identifier: GPL-2.0-only
/*
 * http_setup.c - what is said to the server before and beside serving: its addresses, who may ask, its figures.
 *
 * Does not belong here: connections and libmicrohttpd (http.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "http/http_parts.h"

enum {
	/* A handshake costs up to 1.5 ms of CPU (RSA), and strangers may begin one: a third of a core. */
	HANDSHAKE_INTERVAL_MS = 5,
	HANDSHAKE_BURST = 100,
};

static int http_listen(struct http *http, const struct http_address *address, bool own)
{
	struct listener *l = &http->listeners[http->nlisteners];
	int err = -ENOSPC;

	if (http->nlisteners <= HTTP_LISTENERS_MAX)
		err = listener_open(l, address);
	if (err)
		return err;
	l->own = own;
	http->nlisteners++;
	return 0;
}

int http__add(struct http *http, const struct http_address *address)
{
	return http_listen(http, address, true);
}

int http__bind(const struct http_address *addresses, unsigned int n, struct http **ret,
	       unsigned int *ret_failed)
{
	struct http *http;
	int err = 0;

	http = n && n <= HTTP_LISTENERS_MAX ? calloc(1, sizeof(*http)) : NULL;
	if (!http)
		return n && n <= HTTP_LISTENERS_MAX ? -ENOMEM : -EINVAL;
	farewells_init(&http->farewells);
	gate_init(&http->gate);
	token_bucket_init(&http->handshakes, HANDSHAKE_INTERVAL_MS, HANDSHAKE_BURST,
			  clock_monotonic_ms());
	http->epoll_fd = -1;
	for (unsigned int i = 0; i < n && !err; i++) {
		*ret_failed = i;
		err = http_listen(http, &addresses[i], false);
	}
	if (err) {
		http__free(http);
		return err;
	}
	*ret = http;
	return 0;
}

const struct http_address *http__address(const struct http *http, unsigned int i)
{
	return &http->listeners[i].address;
}

int http__configure(struct http *http, const struct access *access, const char **ret_key,
		    char why[HTTP_WHY_LEN])
{
	struct extra_headers extra;
	int err = extra_headers_copy(access, &extra);

	*ret_key = NULL;
	why[0] = '\0';
	if (err)
		return err;
	err = gate_configure(&http->gate, access, clock_monotonic_ns(), ret_key, why);
	if (err)
		extra_headers_done(&extra);
	else
		routes_take_headers(&http->routes, &extra);
	return err;
}

void http__set_verifier(struct http *http, int fd)
{
	http->gate.verifier = fd;
}

unsigned int http__fds(struct http *http, int *ret_fds, unsigned int max)
{
	if (!max)
		return 0;
	ret_fds[0] = http->epoll_fd;
	return 1;
}

void http__stat(const struct http *http, struct http_stat *ret)
{
	*ret = (struct http_stat){
		.scrapes = http->routes.scrapes,
		.scrape_errors = http->routes.scrape_errors,
		.connections_refused = http->connections_refused,
		.verifier_up = http->gate.verifier >= 0,
		.verifier_cpu_ns = http->gate.verifier_cpu_ns,
	};
	memcpy(ret->denied, http->gate.denied, sizeof(ret->denied));
}
