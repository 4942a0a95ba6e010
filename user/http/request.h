/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * request.h - is this request well-formed, and is it meant for us?
 *
 * Owns: the request target's forms, the protocol version, the Host header, and the order
 * in which faults are reported. PURE. Not here: reading it off a socket (http.c).
 */
#ifndef VIGIE_HTTP_REQUEST_H
#define VIGIE_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "http/negotiate.h"

enum host_kind {
	HOST_MALFORMED,
	/*
	 * An address, localhost, a name without a dot, or this host's own name: nothing that
	 * a page on the Internet can make a browser resolve to this machine.
	 */
	HOST_LOCAL,
	HOST_FOREIGN,
};

/* host: the Host header or an authority, port included; own_name may be NULL. */
enum host_kind host_classify(const char *host, size_t len, const char *own_name);

struct request {
	const char *method;
	const char *version; /* "HTTP/1.1" */
	const char *target; /* as sent, without the query */
	size_t uri_len; /* as sent, query included */
	size_t header_bytes; /* the whole header block */
	const char *host; /* the last Host header, or NULL */
	const char *authorization; /* the only such header, or NULL */
	unsigned int authorizations;
	unsigned int hosts, content_lengths, transfer_encodings; /* how many of each */
	bool has_body; /* announced */
	struct negotiation negotiation;
	bool check_host; /* refuse foreign names */
	bool local; /* it came through our own Unix socket */
	const char *own_name;
	/* Set by who knows: 401, 429 or 503, and what to say beside it; 0: it may be answered. */
	unsigned int refused;
	bool offer_basic, offer_bearer;
	unsigned int retry_after_s;
	/* Set where it was asked elsewhere: the status and a static line, where that was refused; or the answer. */
	unsigned int unasked;
	const char *why;
	struct said *said;
};

/* One header line; the negotiation must be initialised. value must outlive r. */
void request_add_header(struct request *r, const char *name, const char *value);

enum { REQUEST_URI_MAX = 8192, REQUEST_HEADER_MAX = 16384 };

/*
 * 0 and *ret_path, a part of the target; or the HTTP status that this request deserves:
 * 400, 403, 405, 414, 431, 505.
 */
unsigned int request_check(const struct request *r, const char **ret_path);

#endif
