// SPDX-License-Identifier: GPL-2.0-only
/*
 * http_address.c - the text form of a listening address.
 *
 * Owns: the grammar of --listen, and the binary form of what it names. Does not belong here: sockets (http.c).
 */
#include "http/http_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "base/parse.h"

static int parse_unix(const char *path, struct http_address *ret, const char **ret_why)
{
	struct http_address a = { .family = AF_UNIX, .loopback = true };
	size_t len = strlen(path);

	if (!len || len >= sizeof(a.path)) {
		*ret_why = "unix:PATH with a path of 1 to 107 bytes";
		return -EINVAL;
	}
	memcpy(a.path, path, len);
	*ret = a;
	return 0;
}

/* The host's part, without brackets. False where it is no address. */
static bool parse_host(struct http_address *a, const char *host, bool bracketed)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (!bracketed && !*host) {
		/* All addresses: one socket that takes both families. */
		a->family = AF_INET6;
		host = "::";
	} else if (!bracketed && !strcmp(host, "localhost")) {
		a->family = AF_INET;
		host = "127.0.0.1";
		a->loopback = true;
	} else if (!bracketed && inet_pton(AF_INET, host, &v4) == 1) {
		a->family = AF_INET;
		a->loopback = (ntohl(v4.s_addr) >> 24) == 127;
	} else if (bracketed && inet_pton(AF_INET6, host, &v6) == 1) {
		a->family = AF_INET6;
		a->loopback = IN6_IS_ADDR_LOOPBACK(&v6);
	} else {
		return false;
	}
	snprintf(a->host, sizeof(a->host), "%s", host);
	return true;
}

int http_address_parse(const char *text, struct http_address *ret, const char **ret_why)
{
	struct http_address a = { 0 };
	const char *colon = strrchr(text, ':'), *start = text;
	char host[sizeof(a.host)];
	uint64_t port;
	size_t len;
	bool bracketed;

	if (!strncmp(text, "unix:", 5))
		return parse_unix(text + 5, ret, ret_why);
	*ret_why = "ADDR:PORT, [V6ADDR]:PORT, :PORT or unix:PATH; "
		   "ADDR is numeric or localhost, PORT 0 to 65535";
	if (!colon || parse_u64(colon + 1, 0, 65535, &port))
		return -EINVAL;
	len = (size_t)(colon - text);
	bracketed = len >= 2 && text[0] == '[' && colon[-1] == ']';
	if (bracketed) {
		start++;
		len -= 2;
	}
	if (len >= sizeof(host))
		return -EINVAL;
	memcpy(host, start, len);
	host[len] = '\0';
	if (!parse_host(&a, host, bracketed))
		return -EINVAL;
	a.port = (unsigned int)port;
	*ret = a;
	return 0;
}

void http_address_format(const struct http_address *address, char *dst, size_t dst_size)
{
	if (address->family == AF_UNIX)
		snprintf(dst, dst_size, "unix:%s", address->path);
	else if (address->family == AF_INET6)
		snprintf(dst, dst_size, "[%s]:%u", address->host, address->port);
	else
		snprintf(dst, dst_size, "%s:%u", address->host, address->port);
}

socklen_t http_address_sockaddr(const struct http_address *address, struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *in = (struct sockaddr_in *)ss;
	struct sockaddr_un *un = (struct sockaddr_un *)ss;

	memset(ss, 0, sizeof(*ss));
	ss->ss_family = (sa_family_t)address->family;
	switch (address->family) {
	case AF_INET:
		in->sin_port = htons((uint16_t)address->port);
		return inet_pton(AF_INET, address->host, &in->sin_addr) == 1 ? sizeof(*in) : 0;
	case AF_INET6:
		in6->sin6_port = htons((uint16_t)address->port);
		return inet_pton(AF_INET6, address->host, &in6->sin6_addr) == 1 ? sizeof(*in6) : 0;
	case AF_UNIX:
		if (strlen(address->path) >= sizeof(un->sun_path))
			return 0;
		memcpy(un->sun_path, address->path, strlen(address->path));
		return sizeof(*un);
	default: return 0;
	}
}
