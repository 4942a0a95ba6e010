/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tls.h - what a handshake must be like: certificate, versions, suites, whom to let in.
 *
 * A context is one configuration, for good; each connection keeps the one that it began with, so
 * that a new configuration harms no handshake under way. libmicrohttpd makes the sessions and
 * drives them; before the first byte everything that is ours is put into them here.
 *
 * Owns: GnuTLS' credentials, priorities and checks of clients' certificates, and why a handshake
 * failed. Not here: sockets, deadlines, files.
 */
#ifndef VIGIE_HTTP_TLS_H
#define VIGIE_HTTP_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "data/access.h"

struct tls_context;

enum { TLS_WHY_LEN = 200, TLS_SAID_LEN = 160 };

/*
 * 0; -EINVAL: *ret_key is the key of tls_server_config that is wrong (cert, key, client_ca,
 * cipher_suites) and why says how; else -errno, likewise. Everything is copied.
 */
int tls_context__new(const struct access_tls *config, struct tls_context **ret,
		     const char **ret_key, char why[TLS_WHY_LEN]);
struct tls_context *tls_context__get(struct tls_context *context);
void tls_context__put(struct tls_context *context); /* accepts NULL */
/* Whoever got in has a certificate that was verified. */
bool tls_context__verifies(const struct tls_context *context);

/* Of one connection; in place for as long as its session lives. */
struct tls_state {
	struct tls_context *context; /* a reference; NULL: the connection is not encrypted */
	void *session; /* gnutls_session_t */
	bool finished_in, finished_out;
	unsigned char last; /* kind of the last handshake message that came, + 1; 0: none */
	char refused[TLS_SAID_LEN]; /* why its certificate was refused, or "" */
};

/* session: a gnutls_session_t that has sent nothing. 0 or -EIO: it must not be used. */
int tls_begin(struct tls_state *state, struct tls_context *context, void *session);
bool tls_is_established(const struct tls_state *state);
/* Why it never was, for people: "no client certificate". Valid as long as state. */
const char *tls_failure(const struct tls_state *state);
/* Was it about the client's certificate? */
bool tls_failed_by_certificate(const struct tls_state *state);
/* Bytes that the library is not asked to send: an answer to a request that never ended. */
void tls_send(const struct tls_state *state, const char *data, size_t len);
void tls_end(struct tls_state *state);

#endif
