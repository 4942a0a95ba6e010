// SPDX-License-Identifier: GPL-2.0-only
/* push_secrets.c - owns the reading of each kind of file of credentials. */
#include "app/push_secrets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "config/file.h"

enum { SECRET_BYTES_MAX = 16 << 10 };

struct loader {
	const struct push_target *target;
	struct push_secrets *secrets;
	struct faults *faults;
	uid_t owner;
};

static void wipe(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

void push_secrets_done(struct push_secrets *secrets)
{
	unsigned int i;

	for (i = 0; i < secrets->nheaders; i++)
		wipe(&secrets->headers[i]);
	secrets->nheaders = 0;
	wipe(&secrets->password);
	wipe(&secrets->aws_key_id);
	wipe(&secrets->aws_secret);
	wipe(&secrets->aws_session_token);
}

static void refuse(struct loader *l, const char *key, const char *path, const char *why)
{
	char name[80];

	snprintf(name, sizeof(name), "push.destinations.%s", key);
	faults_add(l->faults, l->target->line, l->target->column, name, "%.150s %s", path, why);
}

/* What could end a header, or hide in it, has no place in one. */
static bool is_header_text(const char *text)
{
	for (; *text; text++)
		if (*text != '\t' && (*text < ' ' || *text > '~'))
			return false;
	return true;
}

/* The file, NUL-terminated, or NULL: a fault. *ret_err: -ENOMEM. To be wiped by who gets it. */
static char *read_secret(struct loader *l, const char *key, const char *path, int *ret_err)
{
	const struct config_file_rules rules = { .max = SECRET_BYTES_MAX,
						 .owner = l->owner,
						 .secret = true };
	char why[CONFIG_FILE_WHY_LEN], *text = NULL;
	struct buf bytes;
	int fd = config_file_open(path, &rules, why), err;

	if (fd < 0) {
		refuse(l, key, path, why);
		return NULL;
	}
	buf_init(&bytes, SECRET_BYTES_MAX);
	err = config_file_read(fd, &bytes, why);
	close(fd);
	if (err)
		refuse(l, key, path, why);
	else if (bytes.len && memchr(bytes.data, '\0', bytes.len))
		refuse(l, key, path, "has a byte of value 0 in it");
	else if (!(text = calloc(1, bytes.len + 1)))
		*ret_err = -ENOMEM;
	else if (bytes.len)
		memcpy(text, bytes.data, bytes.len);
	if (bytes.data)
		explicit_bzero(bytes.data, bytes.len);
	buf_done(&bytes);
	return text;
}

/* The next line that is neither empty nor a comment, cut off; NULL: there is none. */
static char *next_line(char **at)
{
	while (**at) {
		char *line = *at, *end = line + strcspn(line, "\n");

		*at = *end ? end + 1 : end;
		*end = '\0';
		while (end > line && strchr(" \t\r", end[-1]))
			*--end = '\0';
		line += strspn(line, " \t");
		if (*line && *line != '#')
			return line;
	}
	return NULL;
}

/* The one line of a file, a copy; NULL with a fault, or *ret_err. */
static char *read_line(struct loader *l, const char *key, const char *path, int *ret_err)
{
	char *text = read_secret(l, key, path, ret_err), *at = text, *line, *copy = NULL;

	if (!text)
		return NULL;
	/* Not next_line(): a password may begin with # or a blank. */
	line = text;
	line[strcspn(line, "\r\n")] = '\0';
	at = text + strlen(text);
	if (!*line || !is_header_text(line))
		refuse(l, key, path, "does not begin with a line of printable ASCII");
	else if (!(copy = strdup(line)))
		*ret_err = -ENOMEM;
	explicit_bzero(text, (size_t)(at - text));
	free(text);
	return copy;
}

static int add_header(struct push_secrets *secrets, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	secrets->headers[secrets->nheaders++] = copy;
	return 0;
}

/* "Name: value" */
static const char *header_fault(const struct push_secrets *secrets, const char *line)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "!#$%&'*+-.^_`|~";
	static const char *const ours[] = { "content-type", "content-encoding",	 "content-length",
					    "host",	    "transfer-encoding", "expect",
					    "connection" };
	size_t len = strspn(line, token), i;

	if (!len || line[len] != ':' || !is_header_text(line))
		return "has a line that is not 'Name: value'";
	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strlen(ours[i]) == len && !strncasecmp(line, ours[i], len))
			return "sets a header that vigie-push sets itself";
	return secrets->nheaders == PUSH_HEADERS_MAX - 1 ? "has too many headers" : NULL;
}

static int load_headers(struct loader *l)
{
	const char *path = l->target->headers_file, *why;
	int err = 0;
	char *text = read_secret(l, "headers-file", path, &err), *at = text, *line;
	size_t len = text ? strlen(text) : 0;

	while (text && !err && (line = next_line(&at))) {
		why = header_fault(l->secrets, line);
		if (why)
			refuse(l, "headers-file", path, why);
		else
			err = add_header(l->secrets, line);
		if (why)
			break;
	}
	if (text)
		explicit_bzero(text, len);
	free(text);
	return err;
}

static int load_token(struct loader *l)
{
	/* InfluxDB 2 and 3 have a scheme of their own. */
	const char *scheme = l->target->type == PUSH_TO_INFLUXDB ? "Token" : "Bearer";
	char header[SECRET_BYTES_MAX + 64], *token;
	int err = 0;

	token = read_line(l, "token-file", l->target->token_file, &err);
	if (!token)
		return err;
	snprintf(header, sizeof(header), "Authorization: %s %s", scheme, token);
	err = add_header(l->secrets, header);
	explicit_bzero(header, sizeof(header));
	wipe(&token);
	return err;
}

/* "key = value", as in a credentials file of AWS' own tools; its section is passed over. */
static int take_aws_line(struct loader *l, char *line)
{
	struct {
		const char *name;
		char **to;
	} keys[] = {
		{ "aws_access_key_id", &l->secrets->aws_key_id },
		{ "aws_secret_access_key", &l->secrets->aws_secret },
		{ "aws_session_token", &l->secrets->aws_session_token },
	};
	size_t len = strcspn(line, " \t="), i;
	char *value = line + len + strspn(line + len, " \t=");

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strlen(keys[i].name) != len || strncmp(line, keys[i].name, len))
			continue;
		wipe(keys[i].to);
		*keys[i].to = strdup(value);
		return *keys[i].to ? 0 : -ENOMEM;
	}
	return 0;
}

static int load_aws(struct loader *l)
{
	const char *path = l->target->aws_credentials_file;
	int err = 0, sections = 0;
	char *text = read_secret(l, "aws-sigv4.credentials-file", path, &err), *at = text, *line;
	size_t len = text ? strlen(text) : 0;

	if (!text)
		return err;
	while (!err && (line = next_line(&at))) {
		if (*line == '[')
			sections++;
		else
			err = take_aws_line(l, line);
	}
	explicit_bzero(text, len);
	free(text);
	if (err)
		return err;
	if (sections > 1)
		refuse(l, "aws-sigv4.credentials-file", path, "has more than one profile");
	else if (!l->secrets->aws_key_id || !l->secrets->aws_secret ||
		 !is_header_text(l->secrets->aws_key_id) ||
		 (l->secrets->aws_session_token && !is_header_text(l->secrets->aws_session_token)))
		refuse(l, "aws-sigv4.credentials-file", path,
		       "needs aws_access_key_id = … and aws_secret_access_key = …");
	return 0;
}

/* Only that it can be read: libcurl reads it, again with each connection. */
static void look_at_ca(struct loader *l)
{
	const struct config_file_rules rules = { .max = 16 << 20,
						 .owner = l->owner,
						 .anybodys = true };
	char why[CONFIG_FILE_WHY_LEN];
	int fd = config_file_open(l->target->ca_file, &rules, why);

	if (fd < 0)
		refuse(l, "ca-file", l->target->ca_file, why);
	else
		close(fd);
}

int push_secrets_load(const struct push_target *target, uid_t owner, struct push_secrets *secrets,
		      struct faults *faults)
{
	struct loader l = { target, secrets, faults, owner };
	int err = 0;

	*secrets = (struct push_secrets){ .nheaders = 0 };
	if (target->headers_file)
		err = load_headers(&l);
	if (!err && target->token_file)
		err = load_token(&l);
	if (!err && target->password_file)
		secrets->password = read_line(&l, "password-file", target->password_file, &err);
	if (!err && target->aws_credentials_file)
		err = load_aws(&l);
	if (!err && target->ca_file)
		look_at_ca(&l);
	return err;
}
