// SPDX-License-Identifier: GPL-2.0-only
/*
 * scrape.c - a page of metrics, fetched over loopback and added up by label.
 *
 * Owns: one HTTP/1.0-like exchange (the server closes), exact decimal sums.
 */
#include "scrape.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int connect_to(unsigned int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static char *read_all(int fd)
{
	size_t len = 0, cap = 1 << 16;
	char *text = malloc(cap);
	ssize_t n;

	while (text && (n = read(fd, text + len, cap - len - 1)) > 0) {
		len += (size_t)n;
		if (cap - len < 4096)
			text = realloc(text, cap *= 2);
	}
	if (text)
		text[len] = '\0';
	return text;
}

char *http_get(unsigned int port, const char *path)
{
	char *answer, *body, request[256];
	int fd = connect_to(port);
	int len;

	if (fd < 0)
		return NULL;
	len = snprintf(request, sizeof(request),
		       "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
		       "Accept: application/openmetrics-text; version=1.0.0\r\n\r\n",
		       path);
	answer = send(fd, request, (size_t)len, MSG_NOSIGNAL) == len ? read_all(fd) : NULL;
	close(fd);
	body = answer ? strstr(answer, "\r\n\r\n") : NULL;
	body = body && strncmp(answer, "HTTP/1.1 200 ", 13) == 0 ? strdup(body + 4) : NULL;
	free(answer);
	return body;
}

/* "12.000000345" without a float: the ninth digit counts. */
static int64_t nanos(const char *text)
{
	int64_t v = 0;
	int decimals = -1;

	for (; (*text >= '0' && *text <= '9') || *text == '.'; text++) {
		if (*text == '.') {
			decimals = 0;
			continue;
		}
		if (decimals == 9)
			break;
		v = v * 10 + (*text - '0');
		decimals += decimals >= 0;
	}
	for (decimals = decimals < 0 ? 0 : decimals; decimals < 9; decimals++)
		v *= 10;
	return v;
}

static bool has_all(const char *line, const char *end, const char *const *labels, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (!memmem(line, (size_t)(end - line), labels[i], strlen(labels[i])))
			return false;
	}
	return true;
}

int64_t page_sum(const char *page, const char *name, const char *const *labels, unsigned int n)
{
	size_t len = strlen(name);
	int64_t sum = -1;

	for (const char *line = page; line && *line; line = strchr(line, '\n')) {
		const char *end, *value;

		line += *line == '\n';
		end = line + strcspn(line, "\n");
		if (strncmp(line, name, len) || (line[len] != '{' && line[len] != ' '))
			continue;
		if (!has_all(line, end, labels, n))
			continue;
		/* No timestamps and no exemplars on our pages: the value is last. */
		value = memrchr(line, ' ', (size_t)(end - line));
		if (value)
			sum = (sum < 0 ? 0 : sum) + nanos(value + 1);
	}
	return sum;
}
