// SPDX-License-Identifier: GPL-2.0-only
/* sigv4.c - owns the canonical form of a request, and the chain of HMACs. */
#include "push/sigv4.h"

#include <errno.h>
#include <nettle/hmac.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/units.h"

enum { CANONICAL_MAX = 64 << 10, PARAMETERS_MAX = 64, SECRET_MAX = 256 };

static void put_hex(const unsigned char *bytes, size_t n, char *dst)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < n; i++) {
		dst[2 * i] = digits[bytes[i] >> 4];
		dst[2 * i + 1] = digits[bytes[i] & 15];
	}
	dst[2 * n] = '\0';
}

void sigv4_sha256_hex(const void *data, size_t len, char dst[SIGV4_HEX_LEN])
{
	unsigned char digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, len, data);
	sha256_digest(&ctx, sizeof(digest), digest);
	put_hex(digest, sizeof(digest), dst);
}

void sigv4_date(__u64 wall_ns, char dst[SIGV4_DATE_LEN])
{
	time_t seconds = (time_t)(wall_ns / NS_PER_S);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	if (!strftime(dst, SIGV4_DATE_LEN, "%Y%m%dT%H%M%SZ", &tm))
		dst[0] = '\0';
}

static void hmac(const void *key, size_t key_len, const void *text, size_t len,
		 unsigned char dst[SHA256_DIGEST_SIZE])
{
	struct hmac_sha256_ctx ctx;

	hmac_sha256_set_key(&ctx, key_len, key);
	hmac_sha256_update(&ctx, len, text);
	hmac_sha256_digest(&ctx, SHA256_DIGEST_SIZE, dst);
	explicit_bzero(&ctx, sizeof(ctx));
}

/* The parts of a URL that are signed, all within it. */
struct url_parts {
	const char *host, *path, *query;
	size_t host_len, path_len, query_len;
};

static int split_url(const char *url, struct url_parts *parts)
{
	const char *host = strstr(url, "://");

	if (!host)
		return -EINVAL;
	parts->host = host + 3;
	parts->host_len = strcspn(parts->host, "/?");
	parts->path = parts->host + parts->host_len;
	parts->path_len = strcspn(parts->path, "?");
	parts->query = parts->path + parts->path_len;
	parts->query += *parts->query == '?';
	parts->query_len = strlen(parts->query);
	return 0;
}

/* As it was sent, escaped once more, as every service but S3 has it. */
static void add_path(struct buf *out, const char *path, size_t len)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
	size_t i;

	if (!len)
		buf_char(out, '/');
	for (i = 0; i < len; i++) {
		if (strchr(plain, path[i]))
			buf_char(out, path[i]);
		else
			buf_printf(out, "%%%02X", (unsigned char)path[i]);
	}
}

struct parameter {
	const char *text;
	size_t len, name_len;
};

static int compare_texts(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order ? order : (a_len > b_len) - (a_len < b_len);
}

/* By name, then by value: "a" is before "a-b", although '-' is before '='. */
static int compare_parameters(const void *a, const void *b)
{
	const struct parameter *x = a, *y = b;
	int order = compare_texts(x->text, x->name_len, y->text, y->name_len);

	return order ? order : compare_texts(x->text, x->len, y->text, y->len);
}

static int add_query(struct buf *out, const char *query, size_t len)
{
	struct parameter all[PARAMETERS_MAX];
	const char *end = query + len;
	unsigned int n = 0, i;

	while (query < end) {
		struct parameter *p = &all[n];

		if (n == PARAMETERS_MAX)
			return -E2BIG;
		p->text = query;
		p->len = strcspn(query, "&");
		p->name_len = strcspn(query, "&=");
		query += p->len + 1;
		n += p->len > 0;
	}
	qsort(all, n, sizeof(all[0]), compare_parameters);
	for (i = 0; i < n; i++) {
		buf_str(out, i ? "&" : "");
		buf_add(out, all[i].text, all[i].len);
		buf_str(out, all[i].name_len == all[i].len ? "=" : "");
	}
	return 0;
}

static void add_signed_names(struct buf *out, const struct sigv4_request *request)
{
	unsigned int i;

	for (i = 0; i < request->nheaders; i++)
		buf_printf(out, "%s%s", i ? ";" : "", request->headers[i].name);
}

static int canonical_hash(const struct sigv4_request *request, char hex[SIGV4_HEX_LEN])
{
	struct url_parts parts;
	struct buf text;
	unsigned int i;
	int err = split_url(request->url, &parts);

	if (err)
		return err;
	buf_init(&text, CANONICAL_MAX);
	buf_printf(&text, "%s\n", request->method);
	add_path(&text, parts.path, parts.path_len);
	buf_char(&text, '\n');
	err = add_query(&text, parts.query, parts.query_len);
	buf_char(&text, '\n');
	for (i = 0; i < request->nheaders; i++)
		buf_printf(&text, "%s:%s\n", request->headers[i].name, request->headers[i].value);
	buf_char(&text, '\n');
	add_signed_names(&text, request);
	buf_printf(&text, "\n%s", request->body_sha256);
	if (!err)
		err = text.err;
	if (!err)
		sigv4_sha256_hex(text.data, text.len, hex);
	buf_done(&text);
	return err;
}

static int derive_key(const struct sigv4_scope *scope, const char *day,
		      unsigned char key[SHA256_DIGEST_SIZE])
{
	const char *const steps[] = { scope->region, scope->service, "aws4_request" };
	char secret[SECRET_MAX + 5] = "AWS4";
	size_t i, len = strlen(scope->secret);

	if (len > SECRET_MAX)
		return -EINVAL;
	memcpy(secret + 4, scope->secret, len);
	hmac(secret, len + 4, day, 8, key);
	explicit_bzero(secret, sizeof(secret));
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		hmac(key, SHA256_DIGEST_SIZE, steps[i], strlen(steps[i]), key);
	return 0;
}

int sigv4_authorize(const struct sigv4_scope *scope, const struct sigv4_request *request,
		    struct buf *out)
{
	unsigned char key[SHA256_DIGEST_SIZE], mac[SHA256_DIGEST_SIZE];
	char hash[SIGV4_HEX_LEN], signature[SIGV4_HEX_LEN];
	struct buf text;
	int err = canonical_hash(request, hash);

	if (!err)
		err = derive_key(scope, request->date, key);
	if (err)
		return err;
	buf_init(&text, CANONICAL_MAX);
	buf_printf(&text, "AWS4-HMAC-SHA256\n%s\n%.8s/%s/%s/aws4_request\n%s", request->date,
		   request->date, scope->region, scope->service, hash);
	err = text.err;
	if (!err)
		hmac(key, sizeof(key), text.data, text.len, mac);
	buf_done(&text);
	explicit_bzero(key, sizeof(key));
	if (err)
		return err;
	put_hex(mac, sizeof(mac), signature);
	buf_printf(out, "AWS4-HMAC-SHA256 Credential=%s/%.8s/%s/%s/aws4_request, SignedHeaders=",
		   scope->key_id, request->date, scope->region, scope->service);
	add_signed_names(out, request);
	buf_printf(out, ", Signature=%s", signature);
	return out->err;
}

int sigv4_post(const struct sigv4_scope *scope, const char *url, const char *content_type,
	       const void *body, size_t len, __u64 wall_ns, struct buf *out)
{
	char date[SIGV4_DATE_LEN], hash[SIGV4_HEX_LEN], host[300];
	struct sigv4_header headers[5] = { { "content-type", content_type },
					   { "host", host },
					   { "x-amz-content-sha256", hash },
					   { "x-amz-date", date },
					   { "x-amz-security-token", scope->session_token } };
	const struct sigv4_request request = {
		.method = "POST",
		.url = url,
		.headers = headers,
		.nheaders = scope->session_token ? 5 : 4,
		.body_sha256 = hash,
		.date = date,
	};
	struct url_parts parts;
	int err = split_url(url, &parts);

	if (err || parts.host_len >= sizeof(host))
		return -EINVAL;
	memcpy(host, parts.host, parts.host_len);
	host[parts.host_len] = '\0';
	sigv4_date(wall_ns, date);
	sigv4_sha256_hex(body, len, hash);
	/* Said, so that what is signed is what is sent: libcurl leaves a port out that goes without saying. */
	buf_printf(out, "Host: %s%c", host, 0);
	buf_str(out, "Authorization: ");
	err = sigv4_authorize(scope, &request, out);
	buf_char(out, '\0');
	buf_printf(out, "X-Amz-Date: %s%c", date, 0);
	buf_printf(out, "X-Amz-Content-Sha256: %s%c", hash, 0);
	if (scope->session_token)
		buf_printf(out, "X-Amz-Security-Token: %s%c", scope->session_token, 0);
	return err ? err : out->err;
}
