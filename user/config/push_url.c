// SPDX-License-Identifier: GPL-2.0-only
/* push_url.c - owns the reading of a URL, strictly. */
#include "config/push_url.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/parse.h"
#include "data/push.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

enum { PART_LEN = 8 };

/* In full: what 127.1 is depends on who reads it. */
static bool is_loopback4(const char *host)
{
	char part[PART_LEN];
	unsigned int parts = 0;
	uint64_t value;
	size_t len;

	if (strncmp(host, "127.", 4))
		return false;
	for (;; host += len + 1) {
		len = strcspn(host, ".");
		if (len >= sizeof(part))
			return false;
		memcpy(part, host, len);
		part[len] = '\0';
		if (parse_u64(part, 0, 255, &value))
			return false;
		parts++;
		if (!host[len])
			return parts == 4;
	}
}

static int split_scheme(const char **text, struct push_url *url)
{
	if (!strncmp(*text, "https://", 8)) {
		url->tls = true;
		*text += 8;
	} else if (!strncmp(*text, "http://", 7)) {
		*text += 7;
	} else if (!strncmp(*text, "tcp://", 6)) {
		url->tcp = true;
		*text += 6;
	} else {
		return -EINVAL;
	}
	return 0;
}

/* "host", "[v6]"; *text moves behind it. */
static int take_host(const char **text, char host[PUSH_HOST_LEN])
{
	bool v6 = **text == '[';
	const char *at = *text + v6;
	size_t len = strspn(at, v6 ? "abcdefABCDEF" DIGITS ":." : LETTERS DIGITS "-._");

	if (!len || len >= PUSH_HOST_LEN || (v6 && at[len] != ']'))
		return -EINVAL;
	memcpy(host, at, len);
	host[len] = '\0';
	*text = at + len + v6;
	return 0;
}

static int take_port(const char **text, bool *ret_there)
{
	char port[PART_LEN];
	uint64_t value;
	size_t len;

	*ret_there = **text == ':';
	if (!*ret_there)
		return 0;
	len = strspn(*text + 1, DIGITS);
	if (!len || len >= sizeof(port))
		return -EINVAL;
	memcpy(port, *text + 1, len);
	port[len] = '\0';
	*text += 1 + len;
	return parse_u64(port, 1, 65535, &value);
}

static int check_rest(const char *rest, bool tcp)
{
	if (tcp)
		return *rest ? -EINVAL : 0;
	if (*rest && *rest != '/' && *rest != '?')
		return -EINVAL;
	for (; *rest; rest++)
		if (*rest <= ' ' || *rest > '~' || strchr("#\\\"<>^`{|}", *rest))
			return -EINVAL;
	return 0;
}

int push_url_parse(const char *text, struct push_url *ret, const char **ret_why)
{
	struct push_url url = { 0 };
	char host[PUSH_HOST_LEN];
	bool port;

	*ret_why = "is longer than 1024 bytes";
	if (strlen(text) > PUSH_URL_LEN_MAX)
		return -EINVAL;
	*ret_why = "begins with none of https://, http:// and tcp://";
	if (split_scheme(&text, &url))
		return -EINVAL;
	*ret_why = "has no host that is a name, an IPv4 address or an IPv6 address in brackets";
	if (take_host(&text, host))
		return -EINVAL;
	*ret_why = "has a port that is none";
	if (take_port(&text, &port))
		return -EINVAL;
	*ret_why = "needs a port behind the host, such as :2003";
	if (url.tcp && !port)
		return -EINVAL;
	*ret_why =
		"has, behind the host, what cannot be there: users and passwords belong into files "
		"(username, password-file), other characters are written as %20";
	if (check_rest(text, url.tcp))
		return -EINVAL;
	url.loopback = !strcasecmp(host, "localhost") || !strcmp(host, "::1") || is_loopback4(host);
	*ret = url;
	return 0;
}
