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

#include "base/nearest.h"
#include "base/parse.h"
#include "base/units.h"
#include "config/web_config_parts.h"

enum { NAME_LEN = 120, HINT_LEN = 300 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct walk {
	struct web_config *config;
	struct faults *faults;
	const char *section; /* "" at the top */
};

struct key {
	const char *name;
	/* The value is not null. 0 or -ENOMEM; a fault is no error here: others may follow. */
	int (*take)(struct walk *w, const struct yaml_value *value);
};

static void refuse(struct walk *w, const struct yaml_value *value, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void refuse(struct walk *w, const struct yaml_value *value, const char *fmt, ...)
{
	const char *key = value->key ? value->key : "";
	char name[NAME_LEN], what[FAULT_LEN];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	snprintf(name, sizeof(name), "%s%s%.60s", w->section, *w->section && *key ? "." : "", key);
	faults_add(w->faults, value->line, value->column, *name ? name : NULL, "%s", what);
}

/* --- Forms of values. --------------------------------------------------------------- */

/* Its text; NULL with a fault where it is a list or a mapping. */
static const char *text_of(struct walk *w, const struct yaml_value *value)
{
	if (value->kind == YAML_KIND_TEXT)
		return value->text;
	refuse(w, value, "%s where one text is expected", yaml_kind_name(value));
	return NULL;
}

/* True: a list, or a mapping, as wanted. */
static bool is_kind(struct walk *w, const struct yaml_value *value, enum yaml_kind kind)
{
	if (value->kind == kind)
		return true;
	refuse(w, value, "%s where %s is expected", yaml_kind_name(value),
	       kind == YAML_KIND_LIST ? "a list (lines that begin with '- ')" : "a mapping");
	return false;
}

static bool take_bool(struct walk *w, const struct yaml_value *value, bool *ret)
{
	static const char *const yes[] = { "true", "True", "TRUE", "yes", "Yes",
					   "YES",  "on",   "On",   "ON" };
	static const char *const no[] = { "false", "False", "FALSE", "no", "No",
					  "NO",	   "off",   "Off",   "OFF" };
	const char *text = text_of(w, value);
	size_t i;

	if (!text)
		return false;
	for (i = 0; i < COUNT(yes) && value->plain; i++) {
		if (!strcmp(text, yes[i]) || !strcmp(text, no[i])) {
			*ret = !strcmp(text, yes[i]);
			return true;
		}
	}
	refuse(w, value, "'%.40s' is neither true nor false%s", text,
	       value->plain ? "" : ": leave the quotes out");
	return false;
}

/* --- tls_server_config. ------------------------------------------------------------- */

static int take_inline(struct walk *w, const struct yaml_value *value, struct access_blob *blob)
{
	const char *text = text_of(w, value);

	if (text && *text)
		*blob = (struct access_blob){ text, strlen(text) };
	return 0;
}

static int take_cert(struct walk *w, const struct yaml_value *value)
{
	return take_inline(w, value, &w->config->access.tls.cert);
}

static int take_key(struct walk *w, const struct yaml_value *value)
{
	return take_inline(w, value, &w->config->access.tls.key);
}

static int take_client_ca(struct walk *w, const struct yaml_value *value)
{
	return take_inline(w, value, &w->config->access.tls.client_ca);
}

/* Adds the file that a text names; *ret NULL where it names none. */
static int take_path(struct walk *w, const struct yaml_value *value, const char *key,
		     struct web_file **ret)
{
	struct web_config *config = w->config;
	const char *path = text_of(w, value);
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
		refuse(w, value, "%s: a path of %d bytes or more", key, WEB_PATH_LEN_MAX);
	file->key = key;
	file->line = value->line;
	file->column = value->column;
	config->nfiles++;
	*ret = file;
	return 0;
}

static int take_cert_file(struct walk *w, const struct yaml_value *value)
{
	return take_path(w, value, "tls_server_config.cert_file", &w->config->cert_file);
}

static int take_key_file(struct walk *w, const struct yaml_value *value)
{
	return take_path(w, value, "tls_server_config.key_file", &w->config->key_file);
}

static int take_client_ca_file(struct walk *w, const struct yaml_value *value)
{
	return take_path(w, value, "tls_server_config.client_ca_file", &w->config->client_ca_file);
}

static int take_client_auth(struct walk *w, const struct yaml_value *value)
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
	const char *text = text_of(w, value);
	size_t i;

	if (!text || !*text)
		return 0;
	w->config->client_auth_given = true;
	for (i = 0; i < COUNT(types); i++) {
		if (!strcmp(text, types[i].name)) {
			w->config->access.tls.client_auth = types[i].auth;
			return 0;
		}
	}
	refuse(w, value,
	       "'%.60s' is none of NoClientCert, RequestClientCert, RequireAnyClientCert, "
	       "VerifyClientCertIfGiven and RequireAndVerifyClientCert",
	       text);
	return 0;
}

static int take_sans(struct walk *w, const struct yaml_value *value)
{
	struct access_tls *tls = &w->config->access.tls;
	const struct yaml_value *item;

	if (!is_kind(w, value, YAML_KIND_LIST))
		return 0;
	if (!value->n)
		refuse(w, value, "the list is empty: no client could connect");
	for (item = value->first; item; item = item->next) {
		const char *text = text_of(w, item);

		if (text && !*text)
			refuse(w, item, "client_allowed_sans: an empty name");
		if (!text || !*text)
			continue;
		if (tls->nsans == ACCESS_SANS_MAX) {
			refuse(w, item, "more than %d names", ACCESS_SANS_MAX);
			break;
		}
		tls->sans[tls->nsans++] = text;
	}
	return 0;
}

static int take_version(struct walk *w, const struct yaml_value *value,
			enum access_tls_version *ret)
{
	static const char *const names[ACCESS_TLS_VERSIONS] = { "TLS10", "TLS11", "TLS12",
								"TLS13" };
	const char *text = text_of(w, value);
	unsigned int i;

	if (!text || !*text)
		return 0;
	for (i = 0; i < ACCESS_TLS_VERSIONS; i++) {
		if (!strcmp(text, names[i])) {
			*ret = (enum access_tls_version)i;
			return 0;
		}
	}
	refuse(w, value, "'%.40s' is none of TLS10, TLS11, TLS12 and TLS13", text);
	return 0;
}

static int take_min_version(struct walk *w, const struct yaml_value *value)
{
	return take_version(w, value, &w->config->access.tls.min_version);
}

static int take_max_version(struct walk *w, const struct yaml_value *value)
{
	return take_version(w, value, &w->config->access.tls.max_version);
}

/* clang-format off */
#define CIPHER(name, exchange, cipher, mac) { name, exchange, cipher, mac },
#define CURVE(name, group) { name, group },
static const struct access_cipher ciphers[] = { ACCESS_CIPHER_TABLE(CIPHER) };
static const struct access_curve curves[] = { ACCESS_CURVE_TABLE(CURVE) };
/* clang-format on */
_Static_assert(COUNT(ciphers) <= ACCESS_CIPHERS_MAX, "a suite finds no room");
_Static_assert(COUNT(curves) <= ACCESS_CURVES_MAX, "a curve finds no room");

static int take_ciphers(struct walk *w, const struct yaml_value *value)
{
	struct access_tls *tls = &w->config->access.tls;
	const struct yaml_value *item = value->first;

	if (!is_kind(w, value, YAML_KIND_LIST))
		return 0;
	for (; item; item = item->next) {
		const char *text = text_of(w, item);
		size_t i = 0, k = 0;

		while (text && i < COUNT(ciphers) && strcmp(text, ciphers[i].name))
			i++;
		if (text && i == COUNT(ciphers))
			refuse(w, item,
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

static int take_curves(struct walk *w, const struct yaml_value *value)
{
	struct access_tls *tls = &w->config->access.tls;
	const struct yaml_value *item = value->first;

	if (!is_kind(w, value, YAML_KIND_LIST))
		return 0;
	for (; item; item = item->next) {
		const char *text = text_of(w, item);
		size_t i = 0, k = 0;

		while (text && i < COUNT(curves) && strcmp(text, curves[i].name))
			i++;
		if (text && i == COUNT(curves))
			refuse(w, item,
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

static int take_server_order(struct walk *w, const struct yaml_value *value)
{
	bool server;

	if (take_bool(w, value, &server))
		w->config->access.tls.client_order = !server;
	return 0;
}

/* --- http_server_config. ------------------------------------------------------------ */

static int take_http2(struct walk *w, const struct yaml_value *value)
{
	take_bool(w, value, &w->config->wants_http2);
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

static void take_header(struct walk *w, const struct yaml_value *value, size_t i)
{
	const char *const *allowed = headers[i].allowed;
	struct access *access = &w->config->access;
	const char *text = text_of(w, value);

	if (!text || !*text) /* "unset if blank" */
		return;
	if (!is_header_text(text))
		refuse(w, value, "not printable ASCII in one line: a header cannot carry it");
	else if (allowed[0] && strcmp(text, allowed[0]) &&
		 (!allowed[1] || strcmp(text, allowed[1])))
		refuse(w, value, "'%.40s' is not %s%s%s", text, allowed[0],
		       allowed[1] ? " or " : "", allowed[1] ? allowed[1] : "");
	else if (access->nheaders < ACCESS_HEADERS_MAX) /* a key twice is a fault already */
		access->headers[access->nheaders++] = (struct access_header){ headers[i].name,
									      text };
}

static int take_headers(struct walk *w, const struct yaml_value *value)
{
	const struct yaml_value *item = value->first;
	struct walk within = { w->config, w->faults, "http_server_config.headers" };
	size_t i;

	if (!is_kind(w, value, YAML_KIND_MAP))
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

static int take_interval(struct walk *w, const struct yaml_value *value)
{
	const char *text = text_of(w, value);
	uint64_t ns;

	if (!text || !strcmp(text, "0")) /* the one that needs no unit */
		return 0;
	if (web_duration(text, &ns))
		refuse(w, value,
		       "'%.40s' is not a duration as Go has it, such as 1s, 500ms, 1m30s; 0: no limit",
		       text);
	else
		w->config->access.rate_interval_ns = ns;
	return 0;
}

static int take_burst(struct walk *w, const struct yaml_value *value)
{
	const char *text = text_of(w, value);
	uint64_t burst;

	if (!text)
		return 0;
	if (parse_u64(text, 0, 1000000000, &burst))
		refuse(w, value, "'%.40s' is not a number from 0 to 1000000000", text);
	else
		w->config->access.rate_burst = (unsigned int)burst;
	return 0;
}

static int take_users(struct walk *w, const struct yaml_value *value)
{
	struct access *access = &w->config->access;
	const struct yaml_value *item = value->first;
	struct walk within = { w->config, w->faults, "basic_auth_users" };

	if (!is_kind(w, value, YAML_KIND_MAP))
		return 0;
	for (; item; item = item->next) {
		const char *hash = text_of(&within, item), *why;

		if (!hash)
			continue;
		why = web_bcrypt_fault(hash);
		if (strchr(item->key, ':'))
			why = "a user's name cannot hold a colon: in a request it ends there";
		if (access->nusers == ACCESS_USERS_MAX)
			why = "more users than 256; use client certificates or a proxy for so many";
		if (why)
			refuse(&within, item, "%s", why);
		else
			access->users[access->nusers++] = (struct access_user){ item->key, hash };
	}
	return 0;
}

static int take_token_files(struct walk *w, const struct yaml_value *value)
{
	const struct yaml_value *item = value->first;
	unsigned int n = 0;
	int err = 0;

	if (!is_kind(w, value, YAML_KIND_LIST))
		return 0;
	for (; item && !err; item = item->next) {
		struct web_file *file = NULL;

		if (n++ == ACCESS_TOKEN_FILES_MAX) {
			refuse(w, item, "bearer_token_files: more than %d files",
			       ACCESS_TOKEN_FILES_MAX);
			break;
		}
		err = take_path(w, item, "bearer_token_files", &file);
		if (file)
			file->token = true;
		else if (!err && item->kind == YAML_KIND_TEXT)
			refuse(w, item, "bearer_token_files: an empty name");
	}
	return err;
}

/* --- The walk. ---------------------------------------------------------------------- */

static void suggest(const struct key *keys, size_t n, const char *name, char hint[HINT_LEN])
{
	size_t least = strlen(name) / 3 + 2, at = 0, i;
	const char *nearest = NULL;

	for (i = 0; i < n; i++) {
		size_t far = nearest_distance(name, strlen(name), keys[i].name,
					      strlen(keys[i].name));

		if (far >= least)
			continue;
		least = far;
		nearest = keys[i].name;
	}
	if (nearest) {
		snprintf(hint, HINT_LEN, "did you mean %s?", nearest);
		return;
	}
	at = (size_t)snprintf(hint, HINT_LEN, "there are");
	for (i = 0; i < n && at < HINT_LEN; i++)
		at += (size_t)snprintf(hint + at, HINT_LEN - at, "%s %s", i ? "," : "",
				       keys[i].name);
}

static int walk_map(struct walk *w, const struct yaml_value *map, const struct key *keys, size_t n)
{
	const struct yaml_value *value = map->first;
	char hint[HINT_LEN], name[NAME_LEN];
	int err = 0;
	size_t i;

	for (; value && !err; value = value->next) {
		for (i = 0; i < n && strcmp(value->key, keys[i].name);)
			i++;
		if (i < n) {
			err = yaml_is_null(value) ? 0 : keys[i].take(w, value);
			continue;
		}
		suggest(keys, n, value->key, hint);
		snprintf(name, sizeof(name), "%s%s%.60s", w->section, *w->section ? "." : "",
			 value->key);
		faults_add(w->faults, value->key_line, value->key_column, name, "no such key; %s",
			   hint);
	}
	return err;
}

static int walk_section(struct walk *w, const struct yaml_value *value, const struct key *keys,
			size_t n)
{
	struct walk within = { w->config, w->faults, value->key };

	return is_kind(w, value, YAML_KIND_MAP) ? walk_map(&within, value, keys, n) : 0;
}

static int take_tls(struct walk *w, const struct yaml_value *value)
{
	static const struct key keys[] = {
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

static int take_http(struct walk *w, const struct yaml_value *value)
{
	static const struct key keys[] = { { "http2", take_http2 }, { "headers", take_headers } };

	return walk_section(w, value, keys, COUNT(keys));
}

static int take_rate(struct walk *w, const struct yaml_value *value)
{
	static const struct key keys[] = { { "interval", take_interval }, { "burst", take_burst } };

	return walk_section(w, value, keys, COUNT(keys));
}

static int walk_document(struct walk *w)
{
	static const struct key keys[] = {
		{ "tls_server_config", take_tls },	    { "http_server_config", take_http },
		{ "basic_auth_users", take_users },	    { "rate_limit", take_rate },
		{ "bearer_token_files", take_token_files },
	};
	const struct yaml_value *root = yaml_doc__root(w->config->doc);

	if (!root) /* an empty file: nothing is asked for */
		return 0;
	return is_kind(w, root, YAML_KIND_MAP) ? walk_map(w, root, keys, COUNT(keys)) : 0;
}

int web_config__parse(const char *text, size_t len, const char *directory, struct web_config **ret,
		      struct faults *faults)
{
	struct web_config *config = calloc(1, sizeof(*config));
	unsigned int before = faults->n + faults->more;
	struct walk w = { config, faults, "" };
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
