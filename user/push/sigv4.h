/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sigv4.h - AWS Signature Version 4 of one request, in its headers.
 *
 * Not libcurl's CURLOPT_AWS_SIGV4: that of 7.88 does not sort the query, sends no x-amz-content-sha256
 * and signs some bodies as if they were empty.
 *
 * Owns: canonical request, string to sign, keys derived for day, region and service. PURE: the time is
 * a value. Not here: where keys come from (app/push_secrets.h).
 */
#ifndef VIGIE_PUSH_SIGV4_H
#define VIGIE_PUSH_SIGV4_H

#include <vigie/abi.h>

#include "base/buf.h"

struct sigv4_scope {
	const char *region, *service;
	const char *key_id, *secret, *session_token; /* the last may be NULL */
};

struct sigv4_header {
	const char *name, *value; /* the name in lower case */
};

struct sigv4_request {
	const char *method, *url;
	const struct sigv4_header *headers; /* that are signed, sorted by name */
	unsigned int nheaders;
	const char *body_sha256; /* 64 hex digits */
	const char *date; /* 20150830T123600Z */
};

enum { SIGV4_HEX_LEN = 65, SIGV4_DATE_LEN = 17 };

void sigv4_sha256_hex(const void *data, size_t len, char dst[SIGV4_HEX_LEN]);
void sigv4_date(__u64 wall_ns, char dst[SIGV4_DATE_LEN]);
/* The value of Authorization, appended. 0 or -errno. */
int sigv4_authorize(const struct sigv4_scope *scope, const struct sigv4_request *request,
		    struct buf *out);
/*
 * All headers that a POST of such a body needs, as lines "Name: value" that end in NUL each,
 * appended: what to sign follows from the URL and the content type. 0 or -errno.
 */
int sigv4_post(const struct sigv4_scope *scope, const char *url, const char *content_type,
	       const void *body, size_t len, __u64 wall_ns, struct buf *out);

#endif
