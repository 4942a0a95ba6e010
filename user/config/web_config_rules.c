// SPDX-License-Identifier: GPL-2.0-only
/*
 * web_config_rules.c - owns which values of a web configuration go together, what its files may
 * hold, and the forms of a hash and of a duration.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "config/web_config_parts.h"

enum {
	TOKEN_MIN = 16, /* what is shorter can be guessed */
	TOKEN_MAX = 512,
};

/* --- Forms. ------------------------------------------------------------------------- */

/* One "30s" at *text, which moves behind it. */
static int duration_part(const char **text, uint64_t *ret_ns)
{
	size_t len = strspn(*text, "0123456789.");
	char part[32];

	len += strspn(*text + len, "abcdefghijklmnopqrstuvwxyz");
	if (!len || len >= sizeof(part))
		return -EINVAL;
	memcpy(part, *text, len);
	part[len] = '\0';
	*text += len;
	return parse_duration(part, 0, 366ULL * 86400 * 1000000000, ret_ns) ? -EINVAL : 0;
}

int web_duration(const char *text, uint64_t *ret_ns)
{
	uint64_t sum = 0, ns = 0;

	if (!*text || strchr(text, 'd')) /* Go has no days */
		return -EINVAL;
	while (*text) {
		if (duration_part(&text, &ns))
			return -EINVAL;
		sum += ns; /* of texts of at most 256 KiB: no overflow within 366 days each */
		if (sum > 366ULL * 86400 * 1000000000)
			return -EINVAL;
	}
	*ret_ns = sum;
	return 0;
}

const char *web_bcrypt_fault(const char *hash)
{
	static const char digits[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789";
	uint64_t cost;
	char text[3];

	if (hash[0] != '$' || hash[1] != '2' || !hash[2] || !strchr("aby", hash[2]) ||
	    hash[3] != '$')
		return "no bcrypt hash: it begins with $2y$, $2b$ or $2a$ (htpasswd -nBC 10 '')";
	if (strlen(hash) != BCRYPT_HASH_LEN || hash[6] != '$' ||
	    strspn(hash + 7, digits) != BCRYPT_HASH_LEN - 7)
		return "no whole bcrypt hash: it has 60 characters, such as htpasswd -nBC 10 '' "
		       "prints behind the colon";
	text[0] = hash[4];
	text[1] = hash[5];
	text[2] = '\0';
	if (parse_u64(text, 4, 31, &cost))
		return "the cost of a bcrypt hash is from 04 to 31";
	if (cost > ACCESS_BCRYPT_COST_MAX)
		return "the cost is over 16: a check would outlast the deadline of a request";
	return NULL;
}

/* --- Which values go together. ------------------------------------------------------ */

static const struct yaml_value *tls_value(const struct web_config *config, const char *key)
{
	const struct yaml_value *root = yaml_doc__root(config->doc);
	const struct yaml_value *tls = root ? yaml_find(root, "tls_server_config") : NULL;

	return tls && key ? yaml_find(tls, key) : tls;
}

static void refuse_tls(const struct web_config *config, struct faults *faults, const char *key,
		       const char *why)
{
	const struct yaml_value *value = tls_value(config, key);
	char name[80] = "tls_server_config";

	if (!value)
		value = tls_value(config, NULL);
	if (key)
		snprintf(name, sizeof(name), "tls_server_config.%s", key);
	faults_add(faults, value ? value->key_line : 0, value ? value->key_column : 0, name, "%s",
		   why);
}

static void check_pair(const struct web_config *config, struct faults *faults, const char *key,
		       const struct access_blob *text, const struct web_file *file)
{
	char why[80];

	if (!text->data || !file)
		return;
	snprintf(why, sizeof(why), "there is %s_file, too: use one of them", key);
	refuse_tls(config, faults, key, why);
}

static void check_clients(const struct web_config *config, struct faults *faults)
{
	const struct access_tls *tls = &config->access.tls;
	bool has_ca = tls->client_ca.data || config->client_ca_file;
	const char *ca = config->client_ca_file ? "client_ca_file" : "client_ca";

	if (has_ca && tls->client_auth == CLIENT_AUTH_NONE)
		refuse_tls(config, faults, ca,
			   "has no effect without client_auth_type, such as "
			   "RequireAndVerifyClientCert");
	if (!has_ca && (tls->client_auth == CLIENT_AUTH_REQUIRE_AND_VERIFY ||
			tls->client_auth == CLIENT_AUTH_VERIFY_IF_GIVEN))
		refuse_tls(config, faults, "client_auth_type",
			   "verifying needs client_ca or client_ca_file: whom to trust");
	if (tls->nsans && tls->client_auth != CLIENT_AUTH_REQUIRE_ANY &&
	    tls->client_auth != CLIENT_AUTH_REQUIRE_AND_VERIFY)
		refuse_tls(config, faults, "client_allowed_sans",
			   "needs client_auth_type RequireAndVerifyClientCert or "
			   "RequireAnyClientCert: with others a client may send no certificate");
}

static void check_tls(struct web_config *config, struct faults *faults)
{
	const struct access_tls *tls = &config->access.tls;

	check_pair(config, faults, "cert", &tls->cert, config->cert_file);
	check_pair(config, faults, "key", &tls->key, config->key_file);
	check_pair(config, faults, "client_ca", &tls->client_ca, config->client_ca_file);
	if (!tls->cert.data && !config->cert_file)
		refuse_tls(config, faults, NULL, "missing one of cert or cert_file");
	if (!tls->key.data && !config->key_file)
		refuse_tls(config, faults, NULL, "missing one of key or key_file");
	check_clients(config, faults);
}

void web_check_rules(struct web_config *config, struct faults *faults)
{
	struct access *access = &config->access;
	const struct access_tls *tls = &access->tls;
	const struct yaml_value *root = yaml_doc__root(config->doc), *rate;

	access->encrypted = tls->cert.data || tls->key.data || tls->client_ca.data ||
			    config->cert_file || config->key_file || config->client_ca_file ||
			    config->client_auth_given;
	if (access->encrypted)
		check_tls(config, faults);
	else if (tls->nsans)
		refuse_tls(config, faults, "client_allowed_sans", "has no effect without TLS");
	if (tls->min_version > tls->max_version)
		refuse_tls(config, faults, "min_version", "is above max_version");
	if (access->rate_interval_ns && !access->rate_burst) {
		rate = yaml_find(root, "rate_limit");
		faults_add(faults, rate->key_line, rate->key_column, "rate_limit",
			   "burst must be 1 or more where there is an interval: with 0 no request "
			   "would be answered");
	}
}

/* --- Files. ------------------------------------------------------------------------- */

unsigned int web_config__nfiles(const struct web_config *config)
{
	return config->nfiles;
}

const struct web_file *web_config__file(const struct web_config *config, unsigned int i)
{
	return &config->files[i];
}

int web_config__put_file(struct web_config *config, unsigned int i, const char *data, size_t len)
{
	struct web_file *file = &config->files[i];
	char *copy = malloc(len + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, data, len);
	copy[len] = '\0';
	if (file->data)
		explicit_bzero(file->data, file->len);
	free(file->data);
	file->data = copy;
	file->len = len;
	return 0;
}

void web_config__refuse_file(const struct web_config *config, unsigned int i, const char *why,
			     struct faults *faults)
{
	const struct web_file *file = &config->files[i];

	faults_add(faults, file->line, file->column, file->key, "%.150s %s", file->path, why);
}

/* RFC 6750: what a client can send. */
static bool is_token(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len &&
	       ((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'A' && text[i] <= 'Z') ||
		(text[i] >= 'a' && text[i] <= 'z') || strchr("-._~+/", text[i])))
		i++;
	while (i < len && text[i] == '=')
		i++;
	return i == len;
}

/* One line of a file of tokens; NULL: it is one, or nothing. */
static const char *take_token(struct access *access, const char *line, size_t len)
{
	while (len && strchr(" \t\r", line[len - 1]))
		len--;
	if (!len || *line == '#')
		return NULL;
	if (access->ntokens == ACCESS_TOKENS_MAX)
		return "there are more than 64 tokens in all";
	if (len < TOKEN_MIN || len > TOKEN_MAX)
		return "has a token that is not 16 to 512 characters long (openssl rand -hex 32 "
		       "makes one)";
	if (!is_token(line, len))
		return "has a token with characters beside letters, digits and -._~+/ (and = at "
		       "the end)";
	access->tokens[access->ntokens++] = (struct access_blob){ line, len };
	return NULL;
}

static void take_tokens(struct web_config *config, unsigned int i, struct faults *faults)
{
	const struct web_file *file = &config->files[i];
	const char *line = file->data, *end = line + file->len, *why = NULL;
	unsigned int before = config->access.ntokens;

	while (line < end && !why) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)((stop ? stop : end) - line);

		why = memchr(line, '\0', len) ? "is no text"
					      : take_token(&config->access, line, len);
		line += len + 1;
	}
	if (!why && config->access.ntokens == before)
		why = "has no token: one a line is expected";
	if (why)
		web_config__refuse_file(config, i, why, faults);
}

int web_config__finish(struct web_config *config, struct faults *faults)
{
	struct access_tls *tls = &config->access.tls;
	unsigned int before = faults->n + faults->more, i;

	config->access.ntokens = 0;
	if (config->cert_file)
		tls->cert = (struct access_blob){ config->cert_file->data, config->cert_file->len };
	if (config->key_file)
		tls->key = (struct access_blob){ config->key_file->data, config->key_file->len };
	if (config->client_ca_file)
		tls->client_ca = (struct access_blob){ config->client_ca_file->data,
						       config->client_ca_file->len };
	for (i = 0; i < config->nfiles; i++)
		if (config->files[i].token)
			take_tokens(config, i, faults);
	return faults->n + faults->more > before ? -EINVAL : 0;
}

/* --- What others ask. --------------------------------------------------------------- */

const struct access *web_config__access(const struct web_config *config)
{
	return &config->access;
}

void web_config__refuse_tls(const struct web_config *config, const char *key, const char *why,
			    struct faults *faults)
{
	char file[40];

	snprintf(file, sizeof(file), "%s_file", key);
	refuse_tls(config, faults, tls_value(config, file) ? file : key, why);
}

void web_config__refuse_user(const struct web_config *config, const char *user, const char *why,
			     struct faults *faults)
{
	const struct yaml_value *users = yaml_find(yaml_doc__root(config->doc), "basic_auth_users");
	const struct yaml_value *value = yaml_find(users, user);
	char name[120];

	snprintf(name, sizeof(name), "basic_auth_users.%.60s", user);
	faults_add(faults, value->line, value->column, name, "%s", why);
}

bool web_config__wants_http2(const struct web_config *config)
{
	return config->wants_http2;
}

void web_config__free(struct web_config *config)
{
	unsigned int i;

	if (!config)
		return;
	for (i = 0; i < config->nfiles; i++) {
		if (config->files[i].data)
			explicit_bzero(config->files[i].data, config->files[i].len);
		free(config->files[i].data);
		free(config->files[i].path);
	}
	yaml_doc__free(config->doc);
	free(config->directory);
	free(config);
}
