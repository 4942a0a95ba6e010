// SPDX-License-Identifier: GPL-2.0-only
/*
 * request.c - the checks that libmicrohttpd leaves to its user.
 *
 * Owns: RFC 9112 sections 2.3, 3.2 and 6.3 as far as a server of GET and HEAD needs them,
 * and the refusal of foreign host names on loopback (DNS rebinding). Does not belong here:
 * libmicrohttpd, answers' texts.
 */
#include "http/request.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

enum { HOST_MAX = 255 };

/* Where the port's colon is, or len; -1 where what follows is no port. */
static int port_at(const char *host, size_t len, size_t from)
{
	if (from == len)
		return (int)len;
	if (host[from] != ':' || len - from > 6)
		return -1;
	for (size_t i = from + 1; i < len; i++) {
		if (host[i] < '0' || host[i] > '9')
			return -1;
	}
	return (int)from;
}

static bool is_name_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '-' || c == '.' || c == '_';
}

static enum host_kind classify_v6(const char *host, size_t len)
{
	const char *close = memchr(host, ']', len);
	char text[INET6_ADDRSTRLEN];
	unsigned char bytes[16];
	size_t n;

	if (!close || port_at(host, len, (size_t)(close + 1 - host)) < 0)
		return HOST_MALFORMED;
	n = (size_t)(close - host) - 1;
	if (n >= sizeof(text))
		return HOST_MALFORMED;
	memcpy(text, host + 1, n);
	text[n] = '\0';
	return inet_pton(AF_INET6, text, bytes) == 1 ? HOST_LOCAL : HOST_MALFORMED;
}

static bool name_is_local(const char *name, const char *own_name)
{
	const char *dot = strchr(name, '.');
	unsigned char bytes[4];

	if (!dot || !strcasecmp(name, "localhost.") || inet_pton(AF_INET, name, bytes) == 1)
		return true;
	return own_name && !strcasecmp(name, own_name);
}

enum host_kind host_classify(const char *host, size_t len, const char *own_name)
{
	char name[HOST_MAX + 1];
	size_t n = 0;

	if (len > HOST_MAX)
		return HOST_MALFORMED;
	if (len && host[0] == '[')
		return classify_v6(host, len);
	while (n < len && is_name_char(host[n]))
		n++;
	if (port_at(host, len, n) < 0)
		return HOST_MALFORMED;
	memcpy(name, host, n);
	name[n] = '\0';
	return name_is_local(name, own_name) ? HOST_LOCAL : HOST_FOREIGN;
}

void request_add_header(struct request *r, const char *name, const char *value)
{
	if (!strcasecmp(name, "Host")) {
		r->host = value;
		r->hosts++;
	} else if (!strcasecmp(name, "Content-Length")) {
		r->content_lengths++;
		r->has_body |= strspn(value, "0") != strlen(value);
	} else if (!strcasecmp(name, "Transfer-Encoding")) {
		r->transfer_encodings++;
		r->has_body = true;
	} else if (!strcasecmp(name, "Authorization")) {
		r->authorization = value;
		r->authorizations++;
	} else if (!strcasecmp(name, "Accept")) {
		negotiation_accept(&r->negotiation, value);
	} else if (!strcasecmp(name, "Accept-Encoding")) {
		negotiation_accept_encoding(&r->negotiation, value);
	}
}

/* 0, 400 or 505. Any 1.x is to be treated as the highest 1.x we know. */
static unsigned int version_fault(const char *version)
{
	if (strncmp(version, "HTTP/", 5) || strlen(version) != 8 || version[6] != '.' ||
	    version[5] < '0' || version[5] > '9' || version[7] < '0' || version[7] > '9')
		return 400;
	return version[5] == '1' ? 0 : 505;
}

static unsigned int host_fault(const struct request *r, const char *host, size_t len)
{
	switch (host_classify(host, len, r->own_name)) {
	case HOST_LOCAL: return 0;
	case HOST_FOREIGN: return r->check_host ? 403 : 0;
	case HOST_MALFORMED: break;
	}
	return 400;
}

/* The authority of an absolute target replaces the Host header (RFC 9112, 3.2.2). */
static unsigned int target_fault(const struct request *r, const char **ret_path)
{
	const char *authority = r->target + 7;
	unsigned int fault;
	size_t len;

	if (strncasecmp(r->target, "http://", 7)) {
		*ret_path = r->target;
		return r->host ? host_fault(r, r->host, strlen(r->host)) : 0;
	}
	len = strcspn(authority, "/");
	if (!len || *authority == ':')
		return 400;
	fault = host_fault(r, authority, len);
	if (!fault)
		*ret_path = authority[len] ? authority + len : "/";
	return fault;
}

static unsigned int framing_fault(const struct request *r)
{
	if (r->hosts > 1 || r->content_lengths > 1 || r->transfer_encodings > 1 ||
	    r->authorizations > 1)
		return 400;
	/* Both lengths at once is how requests are smuggled. */
	if (r->content_lengths && r->transfer_encodings)
		return 400;
	if (!r->hosts && strcmp(r->version, "HTTP/1.0"))
		return 400;
	return 0;
}

unsigned int request_check(const struct request *r, const char **ret_path)
{
	const char *path = NULL;
	unsigned int fault = version_fault(r->version);

	if (!fault && r->uri_len > REQUEST_URI_MAX)
		fault = 414;
	if (!fault && r->header_bytes > REQUEST_HEADER_MAX)
		fault = 431;
	if (!fault)
		fault = framing_fault(r);
	if (!fault)
		fault = target_fault(r, &path);
	if (!fault && strcmp(r->method, "GET") && strcmp(r->method, "HEAD"))
		fault = 405;
	if (!fault)
		*ret_path = path;
	return fault;
}
