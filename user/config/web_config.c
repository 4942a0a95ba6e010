// SPDX-License-Identifier: GPL-2.0-only
/*
 * web_config.c - owns the walk over the document, and what its values may be.
 *
 * One table for each mapping: a key and who takes its value. As in Go, no value and an empty one
 * are alike. Which values go together is in web_config_rules.c.
 */
#include "config/web_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/units.h"
#include "config/walk.h"
#include "config/web_config_parts.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct web_config *config_of(struct config_walk *w)
{
	return w->to;
}

/* --- tls_server_config. ------------------------------------------------------------- */

static int take_inline(struct config_walk *w, const struct yaml_value *value,
		       struct access_blob *blob)
{
	const char *text = config_text_of(w, value);

	if (text && *text)
		*blob = (struct access_blob){ text, strlen(text) };
	return 0;
}

static int take_cert(struct config_walk *w, const struct yaml_value *value)
{
	return take_inline(w, value, &config_of(w)->access.tls.cert);
}

static int take_key(struct config_walk *w, const struct yaml_value *value)
{
	return take_inline(w, value, &config_of(w)->access.tls.key);
}

static int take_client_ca(struct config_walk *w, const struct yaml_value *value)
{
	return take_inline(w, value, &config_of(w)->access.tls.client_ca);
}

/* Adds the file that a text names; *ret NULL where it names none. */
static int take_path(struct config_walk *w, const struct yaml_value *value, const char *key,
		     struct web_file **ret)
{
	struct web_config *config = config_of(w);
	const char *path = config_text_of(w, value);
	struct web_file *file = &config->files[config->nfiles];
	size_t size;

	*ret = NULL;
	if (!path || !*path || config->nfiles == WEB_FILES_MAX) /* a key twice is a fault already */
		return 0;
	size = strlen(path) + strlen(config->directory) + 2;
	file->path = malloc(size);
	if (!file->path)
		return -ENOMEM;
	if (*path == '/')
		snprintf(file->path, size, "%s", path);
	else
		snprintf(file->path, size, "%s/%s", config->directory, path);
	if (strlen(file->path) >= WEB_PATH_LEN_MAX)
		config_refuse(w, value, "%s: a path of %d bytes or more", key, WEB_PATH_LEN_MAX);
	file->key = key;
	file->line = value->line;
	file->column = value->column;
	config->nfiles++;
	*ret = file;
	return 0;
}

static int take_cert_file(struct config_walk *w, const struct yaml_value *value)
{
	return take_path(w, value, "tls_server_config.cert_file", &config_of(w)->cert_file);
}

static int take_key_file(struct config_walk *w, const struct yaml_value *value)
{
	return take_path(w, value, "tls_server_config.key_file", &config_of(w)->key_file);
}

static int take_client_ca_file(struct config_walk *w, const struct yaml_value *value)
{
	return take_path(w, value, "tls_server_config.client_ca_file",
			 &config_of(w)->client_ca_file);
}

static int take_client_auth(struct config_walk *w, const struct yaml_value *value)
{
	static const struct {
		const char *name;
		enum access_client_auth auth;
	} types[] = {
		{ "NoClientCert", CLIENT_AUTH_NONE },
		{ "RequestClientCert", CLIENT_AUTH_REQUEST },
		{ "RequireAnyClientCert", CLIENT_AUTH_REQUIRE_ANY },
		{ "RequireClientCert", CLIENT_AUTH_REQUIRE_ANY }, /* its old name */
		{ "VerifyClientCertIfGiven", CLIENT_AUTH_VERIFY_IF_GIVEN },
		{ "RequireAndVerifyClientCert", CLIENT_AUTH_REQUIRE_AND_VERIFY },
	};
	const char *text = config_text_of(w, value);
	size_t i;

	if (!text || !*text)
		return 0;
	config_of(w)->client_auth_given = true;
	for (i = 0; i < COUNT(types); i++) {
		if (!strcmp(text, types[i].name)) {
			config_of(w)->access.tls.client_auth = types[i].auth;
			return 0;
		}
	}
	config_refuse(w, value,
		      "'%.60s' is none of NoClientCert, RequestClientCert, RequireAnyClientCert, "
		      "VerifyClientCertIfGiven and RequireAndVerifyClientCert",
		      text);
	return 0;
}

static int take_sans(struct config_walk *w, const struct yaml_value *value)
{
	struct access_tls *tls = &config_of(w)->access.tls;
	const struct yaml_value *item;

	if (!config_is_kind(w, value, YAML_KIND_LIST))
		return 0;
	if (!value->n)
		config_refuse(w, value, "the list is empty: no client could connect");
	for (item = value->first; item; item = item->next) {
		const char *text = config_text_of(w, item);

		if (text && !*text)
			config_refuse(w, item, "client_allowed_sans: an empty name");
		if (!text || !*text)
			continue;
		if (tls->nsans == ACCESS_SANS_MAX) {
			config_refuse(w, item, "more than %d names", ACCESS_SANS_MAX);
			break;
		}
		tls->sans[tls->nsans++] = text;
	}
	return 0;
}

static int take_version(struct config_walk *w, const struct yaml_value *value,
			enum access_tls_version *ret)
{
	static const char *const names[ACCESS_TLS_VERSIONS] = { "TLS10", "TLS11", "TLS12",
								"TLS13" };
	const char *text = config_text_of(w, value);
	unsigned int i;

	if (!text || !*text)
		return 0;
	for (i = 0; i < ACCESS_TLS_VERSIONS; i++) {
		if (!strcmp(text, names[i])) {
			*ret = (enum access_tls_version)i;
			return 0;
		}
	}
	config_refuse(w, value, "'%.40s' is none of TLS10, TLS11, TLS12 and TLS13", text);
	return 0;
}

static int take_min_version(struct config_walk *w, const struct yaml_value *value)
{
	return take_version(w, value, &config_of(w)->access.tls.min_version);
}

static int take_max_version(struct config_walk *w, const struct yaml_value *value)
{
	return take_version(w, value, &config_of(w)->access.tls.max_version);
}

/* clang-format off */
#define CIPHER(name, exchange, cipher, mac) { name, exchange, cipher, mac },
#define CURVE(name, group) { name, group },
static const struct access_cipher ciphers[] = { ACCESS_CIPHER_TABLE(CIPHER) };
static const struct access_curve curves[] = { ACCESS_CURVE_TABLE(CURVE) };
/* clang-format on */
_Static_assert(COUNT(ciphers) <= ACCESS_CIPHERS_MAX, "a suite finds no room");
_Static_assert(COUNT(curves) <= ACCESS_CURVES_MAX, "a curve finds no room");

static int take_ciphers(struct config_walk *w, const struct yaml_value *value)
{
	struct access_tls *tls = &config_of(w)->access.tls;
	const struct yaml_value *item = value->first;

	if (!config_is_kind(w, value, YAML_KIND_LIST))
		return 0;
	for (; item; item = item->next) {
		const char *text = config_text_of(w, item);
		size_t i = 0, k = 0;

		while (text && i < COUNT(ciphers) && strcmp(text, ciphers[i].name))
			i++;
		if (text && i == COUNT(ciphers))
			config_refuse(
				w, item,
				"cipher_suites: '%.60s' is not in Go's tls.CipherSuites(), such as "
				"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
				text);
		if (!text || i == COUNT(ciphers))
			continue;
		while (k < tls->nciphers && tls->ciphers[k] != &ciphers[i])
			k++;
		if (k == tls->nciphers)
			tls->ciphers[tls->nciphers++] = &ciphers[i];
	}
	return 0;
}

static int take_curves(struct config_walk *w, const struct yaml_value *value)
{
	struct access_tls *tls = &config_of(w)->access.tls;
	const struct yaml_value *item = value->first;

	if (!config_is_kind(w, value, YAML_KIND_LIST))
		return 0;
	for (; item; item = item->next) {
		const char *text = config_text_of(w, item);
		size_t i = 0, k = 0;

		while (text && i < COUNT(curves) && strcmp(text, curves[i].name))
			i++;
		if (text && i == COUNT(curves))
			config_refuse(w, item,
				      "curve_preferences: '%.40s' is none of CurveP256, CurveP384, "
				      "CurveP521 and X25519",
				      text);
		if (!text || i == COUNT(curves))
			continue;
		while (k < tls->ncurves && tls->curves[k] != &curves[i])
			k++;
		if (k == tls->ncurves)
			tls->curves[tls->ncurves++] = &curves[i];
	}
	return 0;
}

static int take_server_order(struct config_walk *w, const struct yaml_value *value)
{
	bool server;

	if (config_take_bool(w, value, &server))
		config_of(w)->access.tls.client_order = !server;
	return 0;
}

/* --- http_server_config. ------------------------------------------------------------ */

static int take_http2(struct config_walk *w, const struct yaml_value *value)
{
	config_take_bool(w, value, &config_of(w)->wants_http2);
	return 0;
}

/* What exporter-toolkit lets be set, and the values that it allows; NULL: any. */
static const struct {
	const char *name, *allowed[2];
} headers[] = {
	{ "Content-Security-Policy", { NULL } },
	{ "Strict-Transport-Security", { NULL } },
	{ "X-Content-Type-Options", { "nosniff" } },
	{ "X-Frame-Options", { "deny", "sameorigin" } },
	{ "X-XSS-Protection", { NULL } },
};
_Static_assert(COUNT(headers) <= ACCESS_HEADERS_MAX, "a header finds no room");

static bool is_header_text(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

static void take_header(struct config_walk *w, const struct yaml_value *value, size_t i)
{
	const char *const *allowed = headers[i].allowed;
	struct access *access = &config_of(w)->access;
	const char *text = config_text_of(w, value);

	if (!text || !*text) /* "unset if blank" */
		return;
	if (!is_header_text(text))
		config_refuse(w, value,
			      "not printable ASCII in one line: a header cannot carry it");
	else if (allowed[0] && strcmp(text, allowed[0]) &&
		 (!allowed[1] || strcmp(text, allowed[1])))
		config_refuse(w, value, "'%.40s' is not %s%s%s", text, allowed[0],
			      allowed[1] ? " or " : "", allowed[1] ? allowed[1] : "");
	else if (access->nheaders < ACCESS_HEADERS_MAX) /* a key twice is a fault already */
		access->headers[access->nheaders++] = (struct access_header){ headers[i].name,
									      text };
}

static int take_headers(struct config_walk *w, const struct yaml_value *value)
{
	const struct yaml_value *item = value->first;
	struct config_walk within = { w->to, w->faults, "http_server_config.headers" };
	size_t i;

	if (!config_is_kind(w, value, YAML_KIND_MAP))
		return 0;
	for (; item; item = item->next) {
		for (i = 0; i < COUNT(headers) && strcmp(item->key, headers[i].name);)
			i++;
		if (i == COUNT(headers))
			faults_add(w->faults, item->key_line, item->key_column, within.section,
				   "'%.60s' cannot be set: there are Content-Security-Policy, "
				   "Strict-Transport-Security, X-Content-Type-Options, "
				   "X-Frame-Options and X-XSS-Protection",
				   item->key);
		else if (!yaml_is_null(item))
			take_header(&within, item, i);
	}
	return 0;
}

/* --- The other sections. ------------------------------------------------------------ */

static int take_interval(struct config_walk *w, const struct yaml_value *value)
{
	const char *text = config_text_of(w, value);
	uint64_t ns;

	if (!text || !strcmp(text, "0")) /* the one that needs no unit */
		return 0;
	if (web_duration(text, &ns))
		config_refuse(
			w, value,
			"'%.40s' is not a duration as Go has it, such as 1s, 500ms, 1m30s; 0: no limit",
			text);
	else
		config_of(w)->access.rate_interval_ns = ns;
	return 0;
}

static int take_burst(struct config_walk *w, const struct yaml_value *value)
{
	const char *text = config_text_of(w, value);
	uint64_t burst;

	if (!text)
		return 0;
	if (parse_u64(text, 0, 1000000000, &burst))
		config_refuse(w, value, "'%.40s' is not a number from 0 to 1000000000", text);
	else
		config_of(w)->access.rate_burst = (unsigned int)burst;
	return 0;
}

static int take_users(struct config_walk *w, const struct yaml_value *value)
{
	struct access *access = &config_of(w)->access;
	const struct yaml_value *item = value->first;
	struct config_walk within = { w->to, w->faults, "basic_auth_users" };

	if (!config_is_kind(w, value, YAML_KIND_MAP))
		return 0;
	for (; item; item = item->next) {
		const char *hash = config_text_of(&within, item), *why;

		if (!hash)
			continue;
		why = web_bcrypt_fault(hash);
		if (strchr(item->key, ':'))
			why = "a user's name cannot hold a colon: in a request it ends there";
		if (access->nusers == ACCESS_USERS_MAX)
			why = "more users than 256; use client certificates or a proxy for so many";
		if (why)
			config_refuse(&within, item, "%s", why);
		else
			access->users[access->nusers++] = (struct access_user){ item->key, hash };
	}
	return 0;
}

static int take_token_files(struct config_walk *w, const struct yaml_value *value)
{
	const struct yaml_value *item = value->first;
	unsigned int n = 0;
	int err = 0;

	if (!config_is_kind(w, value, YAML_KIND_LIST))
		return 0;
	for (; item && !err; item = item->next) {
		struct web_file *file = NULL;

		if (n++ == ACCESS_TOKEN_FILES_MAX) {
			config_refuse(w, item, "bearer_token_files: more than %d files",
				      ACCESS_TOKEN_FILES_MAX);
			break;
		}
		err = take_path(w, item, "bearer_token_files", &file);
		if (file)
			file->token = true;
		else if (!err && item->kind == YAML_KIND_TEXT)
			config_refuse(w, item, "bearer_token_files: an empty name");
	}
	return err;
}

/* --- The walk. ---------------------------------------------------------------------- */

static int walk_section(struct config_walk *w, const struct yaml_value *value,
			const struct config_taker *keys, size_t n)
{
	struct config_walk within = { w->to, w->faults, value->key };

	return config_is_kind(w, value, YAML_KIND_MAP) ? config_walk_map(&within, value, keys, n)
						       : 0;
}

static int take_tls(struct config_walk *w, const struct yaml_value *value)
{
	static const struct config_taker keys[] = {
		{ "cert", take_cert },
		{ "key", take_key },
		{ "client_ca", take_client_ca },
		{ "cert_file", take_cert_file },
		{ "key_file", take_key_file },
		{ "client_auth_type", take_client_auth },
		{ "client_ca_file", take_client_ca_file },
		{ "client_allowed_sans", take_sans },
		{ "min_version", take_min_version },
		{ "max_version", take_max_version },
		{ "cipher_suites", take_ciphers },
		{ "prefer_server_cipher_suites", take_server_order },
		{ "curve_preferences", take_curves },
	};

	return walk_section(w, value, keys, COUNT(keys));
}

static int take_http(struct config_walk *w, const struct yaml_value *value)
{
	static const struct config_taker keys[] = { { "http2", take_http2 },
						    { "headers", take_headers } };

	return walk_section(w, value, keys, COUNT(keys));
}

static int take_rate(struct config_walk *w, const struct yaml_value *value)
{
	static const struct config_taker keys[] = { { "interval", take_interval },
						    { "burst", take_burst } };

	return walk_section(w, value, keys, COUNT(keys));
}

static int walk_document(struct config_walk *w)
{
	static const struct config_taker keys[] = {
		{ "tls_server_config", take_tls },	    { "http_server_config", take_http },
		{ "basic_auth_users", take_users },	    { "rate_limit", take_rate },
		{ "bearer_token_files", take_token_files },
	};
	const struct yaml_value *root = yaml_doc__root(config_of(w)->doc);

	if (!root) /* an empty file: nothing is asked for */
		return 0;
	return config_is_kind(w, root, YAML_KIND_MAP) ? config_walk_map(w, root, keys, COUNT(keys))
						      : 0;
}

int web_config__parse(const char *text, size_t len, const char *directory, struct web_config **ret,
		      struct faults *faults)
{
	struct web_config *config = calloc(1, sizeof(*config));
	unsigned int before = faults->n + faults->more;
	struct config_walk w = { config, faults, "" };
	int err;

	if (!config)
		return -ENOMEM;
	config->access.tls.min_version = ACCESS_TLS12;
	config->access.tls.max_version = ACCESS_TLS13;
	config->directory = strdup(directory);
	err = config->directory ? yaml_doc__parse(text, len, &config->doc, faults) : -ENOMEM;
	if (!err)
		err = walk_document(&w);
	if (!err)
		web_check_rules(config, faults);
	if (!err && faults->n + faults->more > before)
		err = -EINVAL;
	if (err) {
		web_config__free(config);
		return err;
	}
	*ret = config;
	return 0;
}
