/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * access.h - who may ask over the network, and how: what a web configuration says, as plain values.
 *
 * Owns: the nouns, and the names of cipher suites, curves and policies as Go and exporter-toolkit
 * write them beside what GnuTLS calls them. Texts are borrowed. Not here: the file that says it
 * (config/web_config.h), who obeys it (http/).
 */
#ifndef VIGIE_DATA_ACCESS_H
#define VIGIE_DATA_ACCESS_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

enum access_client_auth {
	CLIENT_AUTH_NONE,
	CLIENT_AUTH_REQUEST,
	CLIENT_AUTH_REQUIRE_ANY,
	CLIENT_AUTH_VERIFY_IF_GIVEN,
	CLIENT_AUTH_REQUIRE_AND_VERIFY,
};

enum access_tls_version {
	ACCESS_TLS10,
	ACCESS_TLS11,
	ACCESS_TLS12,
	ACCESS_TLS13,
	ACCESS_TLS_VERSIONS
};

/* clang-format off */

/*
 * X(Go's name, key exchange, cipher, MAC): what crypto/tls.CipherSuites() has. Those of TLS 1.3
 * (no key exchange of their own) are always on, as in Go: a list is about TLS 1.2 and older.
 */
#define ACCESS_CIPHER_TABLE(X) \
	X("TLS_AES_128_GCM_SHA256", NULL, "AES-128-GCM", "AEAD") \
	X("TLS_AES_256_GCM_SHA384", NULL, "AES-256-GCM", "AEAD") \
	X("TLS_CHACHA20_POLY1305_SHA256", NULL, "CHACHA20-POLY1305", "AEAD") \
	X("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA", "AES-128-CBC", "SHA1") \
	X("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA", "AES-256-CBC", "SHA1") \
	X("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA", "AES-128-CBC", "SHA1") \
	X("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA", "AES-256-CBC", "SHA1") \
	X("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA", "AES-128-GCM", "AEAD") \
	X("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA", "AES-256-GCM", "AEAD") \
	X("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA", "AES-128-GCM", "AEAD") \
	X("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA", "AES-256-GCM", "AEAD") \
	X("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA", "CHACHA20-POLY1305", "AEAD") \
	X("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA", "CHACHA20-POLY1305", "AEAD")

/* X(Go's name, group) */
#define ACCESS_CURVE_TABLE(X) \
	X("CurveP256", "GROUP-SECP256R1") \
	X("CurveP384", "GROUP-SECP384R1") \
	X("CurveP521", "GROUP-SECP521R1") \
	X("X25519", "GROUP-X25519")

/* clang-format on */

struct access_cipher {
	const char *name, *exchange, *cipher, *mac;
};
struct access_curve {
	const char *name, *group;
};

enum {
	ACCESS_CIPHERS_MAX = 16,
	ACCESS_CURVES_MAX = 8,
	ACCESS_SANS_MAX = 256,
	ACCESS_USERS_MAX = 256,
	ACCESS_TOKENS_MAX = 64,
	ACCESS_TOKEN_FILES_MAX = 16,
	ACCESS_HEADERS_MAX = 5,
	/* bcrypt doubles its time with each; more than this would outlast the deadline of a request. */
	ACCESS_BCRYPT_COST_MAX = 16,
	BCRYPT_HASH_LEN = 60,
};

/* Bytes that need not be a text. */
struct access_blob {
	const char *data; /* NULL: none */
	size_t len;
};

struct access_tls {
	struct access_blob cert, key, client_ca; /* PEM */
	enum access_client_auth client_auth;
	const char *sans[ACCESS_SANS_MAX]; /* that a client's certificate may have */
	unsigned int nsans;
	enum access_tls_version min_version, max_version;
	const struct access_cipher *ciphers[ACCESS_CIPHERS_MAX];
	unsigned int nciphers; /* 0: the usual ones */
	const struct access_curve *curves[ACCESS_CURVES_MAX];
	unsigned int ncurves; /* 0: the usual ones */
	bool client_order; /* the client chooses among suites that both have */
};

struct access_user {
	const char *name;
	const char *hash; /* bcrypt, in one of the forms that crypt(3) takes */
};

struct access_header {
	const char *name; /* static */
	const char *value;
};

struct access {
	bool encrypted; /* tls holds something */
	struct access_tls tls;
	struct access_user users[ACCESS_USERS_MAX];
	unsigned int nusers;
	struct access_blob tokens[ACCESS_TOKENS_MAX];
	unsigned int ntokens;
	struct access_header headers[ACCESS_HEADERS_MAX];
	unsigned int nheaders;
	__u64 rate_interval_ns; /* between two requests; 0: no limit */
	unsigned int rate_burst;
};

/* Does it ask for something that a stranger has not? */
static inline bool access_has_credentials(const struct access *access)
{
	return access->nusers || access->ntokens ||
	       (access->encrypted && access->tls.client_auth == CLIENT_AUTH_REQUIRE_AND_VERIFY);
}

#endif
