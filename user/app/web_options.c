// SPDX-License-Identifier: GPL-2.0-only
/* web_options.c - owns reading --web.* and the environment that systemd sets. */
#include "app/web_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/serve_options.h"
#include "base/parse.h"

enum { FIRST_SOCKET = 3, PATH_MOST = 200 };

/* As in other exporters an empty name is none: unit files pass one. */
int option_set_web_config(void *to, struct option_value *value)
{
	((struct serve_options *)to)->web_config_file = *value->text ? value->text : NULL;
	return 0;
}

/* It stands in links, in the log and in scrapers' configurations: nothing that needs escaping. */
int option_set_telemetry_path(void *to, struct option_value *value)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-._~/";
	const char *text = value->text;
	size_t len = strlen(text);

	if (text[0] != '/' || len > PATH_MOST || strspn(text, letters) != len ||
	    strstr(text, "//") || !strncmp(text, "/-/", 3))
		return option_value_refuse(
			value,
			"a path such as /metrics: letters, digits, -._~ and /; /-/ is vigie's");
	((struct serve_options *)to)->server.telemetry_path = text;
	return 0;
}

int option_set_systemd_socket(void *to, struct option_value *value)
{
	((struct serve_options *)to)->systemd_socket = !strcmp(value->text, "true");
	return 0;
}

/* How many systemd gave us; 0: none, or they were for another process. */
static unsigned int count_sockets(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	uint64_t meant, n;

	if (!pid || !fds || parse_u64(pid, 1, INT32_MAX, &meant) || meant != (uint64_t)getpid() ||
	    parse_u64(fds, 1, 1024, &n))
		return 0;
	return (unsigned int)n;
}

/* One that is among the addresses already is that address: it is bound once, by systemd. */
static int add_socket(struct http_address *listen, unsigned int *nlisten,
		      const struct http_address *handed)
{
	unsigned int i;

	for (i = 0; i < *nlisten; i++)
		if (listen[i].family == handed->family && listen[i].port == handed->port &&
		    !strcmp(listen[i].host, handed->host) && !strcmp(listen[i].path, handed->path))
			break;
	if (i == HTTP_LISTENERS_MAX)
		return -E2BIG;
	listen[i] = *handed;
	if (i == *nlisten)
		(*nlisten)++;
	return 0;
}

int web_take_sockets(struct http_address *listen, unsigned int *nlisten, bool needed,
		     const char *who)
{
	unsigned int n = count_sockets(), i;
	struct http_address handed;
	const char *why;

	/* They are ours alone: no process that we fork may take them for its own. */
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (!n && needed) {
		fprintf(stderr,
			"%s: --web.systemd-socket: no sockets were handed over (LISTEN_FDS): start the "
			"unit by its .socket\n",
			who);
		return -ENOENT;
	}
	for (i = 0; i < n; i++) {
		int fd = FIRST_SOCKET + (int)i;

		if (http_address_of_socket(fd, &handed, &why)) {
			fprintf(stderr, "%s: a socket of systemd: descriptor %d is not %s\n", who,
				fd, why);
			return -EINVAL;
		}
		if (add_socket(listen, nlisten, &handed)) {
			fprintf(stderr,
				"%s: %u sockets of systemd, and those of --listen: four addresses are "
				"the most\n",
				who, n);
			return -E2BIG;
		}
	}
	return 0;
}
