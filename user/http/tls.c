// SPDX-License-Identifier: GPL-2.0-only
/*
 * tls.c - owns what GnuTLS is told, and what it says of a handshake that failed.
 *
 * Go's list of suites is about TLS 1.2 and older; in GnuTLS' priorities ciphers are for all
 * versions. So there are two sets, and once the version is known (after the client's first
 * message, before a suite is chosen) the one of TLS 1.3 is put in. Sessions are never resumed: each
 * connection is judged by the configuration of its time.
 */
#include "http/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/text.h"
#include "http/tls_library.h"

enum { PRIORITY_MAX = 2048, SAN_LEN = 1024 };

struct tls_context {
	unsigned int refs;
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority;
	gnutls_priority_t priority_13; /* NULL: there is no list of suites */
	enum access_client_auth client_auth;
	char **sans;
	unsigned int nsans;
};

struct failure {
	const char **key;
	char *why;
};

static int fail(const struct failure *f, const char *key, const char *what, int gnutls_err)
{
	*f->key = key;
	snprintf(f->why, TLS_WHY_LEN, "%s%s%s", what, gnutls_err ? ": " : "",
		 gnutls_err ? gnutls_strerror(gnutls_err) : "");
	return gnutls_err == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EINVAL;
}

/* --- Certificates. ------------------------------------------------------------------ */

static gnutls_datum_t datum_of(const struct access_blob *blob)
{
	return (gnutls_datum_t){ (unsigned char *)blob->data, (unsigned int)blob->len };
}

/* Each by itself first: the error of both together does not say whose it is. */
static int check_key(const struct access_tls *config, const struct failure *f)
{
	const gnutls_datum_t text = datum_of(&config->key);
	gnutls_x509_privkey_t key;
	int err = gnutls_x509_privkey_init(&key);

	if (err < 0)
		return fail(f, "key", "no memory", err);
	err = gnutls_x509_privkey_import2(key, &text, GNUTLS_X509_FMT_PEM, NULL, 0);
	gnutls_x509_privkey_deinit(key);
	if (err == GNUTLS_E_DECRYPTION_FAILED)
		return fail(f, "key", "the key is encrypted: vigie cannot ask for its password", 0);
	return err < 0 ? fail(f, "key", "no private key in PEM form", err) : 0;
}

static int check_cert(const struct access_tls *config, const struct failure *f)
{
	const gnutls_datum_t text = datum_of(&config->cert);
	gnutls_x509_crt_t *list = NULL;
	unsigned int n = 0, i;
	int err = gnutls_x509_crt_list_import2(&list, &n, &text, GNUTLS_X509_FMT_PEM, 0);

	for (i = 0; i < n && err >= 0; i++)
		gnutls_x509_crt_deinit(list[i]);
	gnutls_free(list);
	return err < 0 ? fail(f, "cert", "no certificate in PEM form", err) : 0;
}

static int load_pair(struct tls_context *context, const struct access_tls *config,
		     const struct failure *f)
{
	const gnutls_datum_t cert = datum_of(&config->cert), key = datum_of(&config->key);
	int err = check_cert(config, f);

	if (!err)
		err = check_key(config, f);
	if (err)
		return err;
	err = gnutls_certificate_set_x509_key_mem2(context->credentials, &cert, &key,
						   GNUTLS_X509_FMT_PEM, NULL, 0);
	if (err == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		return fail(f, "key", "is not the key of this certificate", 0);
	return err < 0 ? fail(f, "cert", "the certificate and the key cannot be used", err) : 0;
}

static int load_client_ca(struct tls_context *context, const struct access_tls *config,
			  const struct failure *f)
{
	const gnutls_datum_t ca = datum_of(&config->client_ca);
	int n;

	if (!config->client_ca.data)
		return 0;
	n = gnutls_certificate_set_x509_trust_mem(context->credentials, &ca, GNUTLS_X509_FMT_PEM);
	if (n < 0)
		return fail(f, "client_ca", "no certificate in PEM form", n);
	return n ? 0 : fail(f, "client_ca", "there is no certificate in it", 0);
}

static int copy_sans(struct tls_context *context, const struct access_tls *config)
{
	unsigned int i;

	context->sans = calloc(config->nsans ? config->nsans : 1, sizeof(*context->sans));
	if (!context->sans)
		return -ENOMEM;
	for (i = 0; i < config->nsans; i++) {
		context->sans[i] = strdup(config->sans[i]);
		if (!context->sans[i])
			return -ENOMEM;
		context->nsans++;
	}
	return 0;
}

/* --- Priorities. -------------------------------------------------------------------- */

/* Which of the key exchanges that a suite can name is our key's. */
static const char *own_exchange(const struct tls_context *context)
{
	gnutls_x509_crt_t *crts = NULL;
	unsigned int n = 0, bits, i;
	int algorithm = GNUTLS_PK_RSA;

	if (gnutls_certificate_get_x509_crt(context->credentials, 0, &crts, &n) >= 0 && n)
		algorithm = gnutls_x509_crt_get_pk_algorithm(crts[0], &bits);
	for (i = 0; i < n; i++)
		gnutls_x509_crt_deinit(crts[i]);
	gnutls_free(crts);
	return algorithm == GNUTLS_PK_RSA || algorithm == GNUTLS_PK_RSA_PSS ? "ECDHE-RSA"
									    : "ECDHE-ECDSA";
}

static void add_versions(struct buf *b, const struct access_tls *config)
{
	static const char *const names[] = { "1.0", "1.1", "1.2", "1.3" };
	int v;

	buf_str(b, "NORMAL:-VERS-ALL");
	for (v = (int)config->max_version; v >= (int)config->min_version; v--)
		buf_printf(b, ":+VERS-TLS%s", names[v]);
	buf_str(b, ":-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA");
}

/* The usual ones: what Go has, but CBC only for who wants versions that have nothing else. */
static void add_usual(struct buf *b, const struct access_tls *config)
{
	buf_str(b, ":-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305");
	if (config->min_version < ACCESS_TLS12)
		buf_str(b, ":+AES-128-CBC:+AES-256-CBC");
}

/* Those suites of the list that our key can speak; each is a cipher and a MAC then. */
static unsigned int add_suites(struct buf *b, const struct access_tls *config, const char *exchange)
{
	unsigned int i, n = 0;

	buf_str(b, ":-CIPHER-ALL:-MAC-ALL");
	for (i = 0; i < config->nciphers; i++) {
		const struct access_cipher *c = config->ciphers[i];

		if (!c->exchange || strcmp(c->exchange, exchange))
			continue;
		buf_printf(b, ":+%s:+%s", c->cipher, c->mac);
		n++;
	}
	return n;
}

static void add_rest(struct buf *b, const struct access_tls *config)
{
	unsigned int i;

	if (config->ncurves)
		buf_str(b, ":-GROUP-ALL");
	for (i = 0; i < config->ncurves; i++)
		buf_printf(b, ":+%s", config->curves[i]->group);
	if (!config->client_order)
		buf_str(b, ":%SERVER_PRECEDENCE");
	buf_char(b, '\0');
}

static int compile(struct buf *b, gnutls_priority_t *ret, const struct failure *f)
{
	int err = b->err ? GNUTLS_E_MEMORY_ERROR : gnutls_priority_init(ret, b->data, NULL);

	return err < 0 ? fail(f, "cipher_suites", "this GnuTLS cannot do that", err) : 0;
}

static int load_priorities(struct tls_context *context, const struct access_tls *config,
			   const struct failure *f)
{
	unsigned int usable = 1;
	struct buf b;
	int err;

	buf_init(&b, PRIORITY_MAX);
	add_versions(&b, config);
	if (config->nciphers)
		usable = add_suites(&b, config, own_exchange(context));
	if (!usable && config->max_version == ACCESS_TLS13) { /* nobody gets in by an older one */
		buf_str(&b, ":-VERS-ALL:+VERS-TLS1.3");
		add_usual(&b, config);
		usable = 1;
	}
	if (!config->nciphers)
		add_usual(&b, config);
	add_rest(&b, config);
	err = usable ? compile(&b, &context->priority, f)
		     : fail(f, "cipher_suites",
			    "none of these suites works with the key of this certificate", 0);
	if (!err && config->nciphers && config->max_version == ACCESS_TLS13) {
		buf_clear(&b);
		add_versions(&b, config);
		add_usual(&b, config);
		add_rest(&b, config);
		err = compile(&b, &context->priority_13, f);
	}
	buf_done(&b);
	return err;
}

/* --- The life of a context. --------------------------------------------------------- */

int tls_context__new(const struct access_tls *config, struct tls_context **ret,
		     const char **ret_key, char why[TLS_WHY_LEN])
{
	const struct failure f = { ret_key, why };
	struct tls_context *context = calloc(1, sizeof(*context));
	int err;

	if (!context)
		return -ENOMEM;
	context->refs = 1;
	context->client_auth = config->client_auth;
	err = gnutls_certificate_allocate_credentials(&context->credentials) < 0
		      ? fail(&f, "cert", "no memory", GNUTLS_E_MEMORY_ERROR)
		      : load_pair(context, config, &f);
	if (!err)
		err = load_client_ca(context, config, &f);
	if (!err)
		err = load_priorities(context, config, &f);
	if (!err && copy_sans(context, config))
		err = fail(&f, "client_allowed_sans", "no memory", GNUTLS_E_MEMORY_ERROR);
	if (err) {
		tls_context__put(context);
		return err;
	}
	*ret = context;
	return 0;
}

struct tls_context *tls_context__get(struct tls_context *context)
{
	context->refs++;
	return context;
}

void tls_context__put(struct tls_context *context)
{
	unsigned int i;

	if (!context || --context->refs)
		return;
	for (i = 0; i < context->nsans; i++)
		free(context->sans[i]);
	free(context->sans);
	if (context->priority)
		gnutls_priority_deinit(context->priority);
	if (context->priority_13)
		gnutls_priority_deinit(context->priority_13);
	if (context->credentials)
		gnutls_certificate_free_credentials(context->credentials);
	free(context);
}

bool tls_context__verifies(const struct tls_context *context)
{
	return context->client_auth == CLIENT_AUTH_REQUIRE_AND_VERIFY;
}

/* --- Clients' certificates. --------------------------------------------------------- */

static int refuse(struct tls_state *state, const char *why)
{
	size_t len;

	snprintf(state->refused, sizeof(state->refused), "%s", why);
	len = strlen(state->refused);
	while (len && strchr(" .", state->refused[len - 1]))
		state->refused[--len] = '\0';
	return GNUTLS_E_CERTIFICATE_ERROR;
}

/* An address as text, as Go writes it. */
static bool san_is_address(const char *san, size_t len, const char *allowed)
{
	char text[INET6_ADDRSTRLEN];
	int family = len == 4 ? AF_INET : AF_INET6;

	return (len == 4 || len == 16) && inet_ntop(family, san, text, sizeof(text)) &&
	       !strcmp(text, allowed);
}

static bool san_is_allowed(const struct tls_context *context, int type, const char *san, size_t len)
{
	unsigned int i;

	for (i = 0; i < context->nsans; i++) {
		const char *allowed = context->sans[i];

		if (type == GNUTLS_SAN_IPADDRESS
			    ? san_is_address(san, len, allowed)
			    : strlen(allowed) == len && !memcmp(allowed, san, len))
			return true;
	}
	return false;
}

static int check_sans(struct tls_state *state, gnutls_x509_crt_t crt)
{
	char san[SAN_LEN], shown[80] = "none", said[TLS_SAID_LEN];
	unsigned int i;

	for (i = 0; i < ACCESS_SANS_MAX; i++) {
		size_t len = sizeof(san);
		int type = gnutls_x509_crt_get_subject_alt_name(crt, i, san, &len, NULL);

		if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (type != GNUTLS_SAN_DNSNAME && type != GNUTLS_SAN_RFC822NAME &&
		    type != GNUTLS_SAN_URI && type != GNUTLS_SAN_IPADDRESS)
			continue;
		if (san_is_allowed(state->context, type, san, len))
			return 0;
		if (!i && type != GNUTLS_SAN_IPADDRESS)
			text_sanitise(shown, sizeof(shown), san, len);
	}
	snprintf(said, sizeof(said),
		 "none of the certificate's names is in client_allowed_sans (its first: %s)",
		 shown);
	return refuse(state, said);
}

static int check_first(struct tls_state *state, const gnutls_datum_t *der)
{
	gnutls_x509_crt_t crt;
	int err = gnutls_x509_crt_init(&crt);

	if (err < 0)
		return refuse(state, "no memory");
	err = gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER);
	err = err < 0 ? refuse(state, "the certificate cannot be read") : check_sans(state, crt);
	gnutls_x509_crt_deinit(crt);
	return err;
}

static int check_chain(struct tls_state *state, gnutls_session_t session)
{
	gnutls_typed_vdata_st purpose = { GNUTLS_DT_KEY_PURPOSE_OID,
					  (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT, 0 };
	unsigned int status = 0;
	gnutls_datum_t text;
	int err = gnutls_certificate_verify_peers(session, &purpose, 1, &status);

	if (err < 0)
		return refuse(state, gnutls_strerror(err));
	if (!status)
		return 0;
	if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) < 0)
		return refuse(state, "the certificate is not trusted");
	refuse(state, (const char *)text.data);
	gnutls_free(text.data);
	return GNUTLS_E_CERTIFICATE_ERROR;
}

static int check_peer(struct tls_state *state, gnutls_session_t session)
{
	enum access_client_auth auth = state->context->client_auth;
	unsigned int n = 0;
	const gnutls_datum_t *list = gnutls_certificate_get_peers(session, &n);
	int err = 0;

	if (!list || !n)
		return auth == CLIENT_AUTH_REQUIRE_ANY || auth == CLIENT_AUTH_REQUIRE_AND_VERIFY
			       ? refuse(state, "the client has sent no certificate")
			       : 0;
	if (auth == CLIENT_AUTH_VERIFY_IF_GIVEN || auth == CLIENT_AUTH_REQUIRE_AND_VERIFY)
		err = check_chain(state, session);
	if (!err && state->context->nsans)
		err = check_first(state, &list[0]);
	return err;
}

/* GnuTLS has seen that the client holds the key, or will before it says that the handshake is over. */
static int on_certificate(gnutls_session_t session)
{
	int err = check_peer(gnutls_session_get_ptr(session), session);

	if (err) /* the library only closes; a client should know why */
		gnutls_alert_send(session, GNUTLS_AL_FATAL, GNUTLS_A_BAD_CERTIFICATE);
	return err;
}

/* --- Sessions. ---------------------------------------------------------------------- */

static int on_client_hello(gnutls_session_t session)
{
	struct tls_state *state = gnutls_session_get_ptr(session);

	if (state->context->priority_13 && gnutls_protocol_get_version(session) == GNUTLS_TLS1_3)
		return gnutls_priority_set(session, state->context->priority_13);
	return 0;
}

static int on_message(gnutls_session_t session, unsigned int type, unsigned int when,
		      unsigned int incoming, const gnutls_datum_t *msg)
{
	struct tls_state *state = gnutls_session_get_ptr(session);

	if (incoming)
		state->last = (unsigned char)(type + 1);
	if (type == GNUTLS_HANDSHAKE_FINISHED && when == GNUTLS_HOOK_POST) {
		state->finished_in |= incoming;
		state->finished_out |= !incoming;
	}
	return 0;
}

int tls_begin(struct tls_state *state, struct tls_context *context, void *session)
{
	static const gnutls_certificate_request_t requests[] = {
		[CLIENT_AUTH_NONE] = GNUTLS_CERT_IGNORE,
		[CLIENT_AUTH_REQUEST] = GNUTLS_CERT_REQUEST,
		[CLIENT_AUTH_REQUIRE_ANY] = GNUTLS_CERT_REQUIRE,
		[CLIENT_AUTH_VERIFY_IF_GIVEN] = GNUTLS_CERT_REQUEST,
		[CLIENT_AUTH_REQUIRE_AND_VERIFY] = GNUTLS_CERT_REQUIRE,
	};

	*state = (struct tls_state){ .context = tls_context__get(context), .session = session };
	gnutls_session_set_ptr(session, state);
	if (gnutls_priority_set(session, context->priority) < 0 ||
	    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, context->credentials) < 0)
		return -EIO;
	gnutls_certificate_server_set_request(session, requests[context->client_auth]);
	gnutls_session_set_verify_function(session, on_certificate);
	gnutls_handshake_set_post_client_hello_function(session, on_client_hello);
	gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_BOTH,
					   on_message);
	return 0;
}

bool tls_is_established(const struct tls_state *state)
{
	return state->finished_in && state->finished_out;
}

bool tls_failed_by_certificate(const struct tls_state *state)
{
	return *state->refused || state->last == GNUTLS_HANDSHAKE_CERTIFICATE_PKT + 1;
}

const char *tls_failure(const struct tls_state *state)
{
	if (*state->refused)
		return state->refused;
	switch (state->last) {
	case 0: return "no TLS was spoken: plain HTTP, or a connection cut short";
	case GNUTLS_HANDSHAKE_CLIENT_HELLO + 1:
		return "no version, suite or curve that both know, or the client distrusts our "
		       "certificate";
	case GNUTLS_HANDSHAKE_CERTIFICATE_PKT + 1: return "the client has sent no certificate";
	default: return "the handshake was broken off";
	}
}

void tls_send(const struct tls_state *state, const char *data, size_t len)
{
	if (tls_is_established(state))
		gnutls_record_send(state->session, data, len);
}

void tls_end(struct tls_state *state)
{
	tls_context__put(state->context);
	state->context = NULL;
	state->session = NULL;
}

/* GnuTLS asks it for a certificate of its own; ours are in each session (tls.c). */
int tls_no_certificate(gnutls_session_t session, const gnutls_datum_t *req_ca_dn, int nreqs,
		       const gnutls_pk_algorithm_t *pk_algos, int pk_algos_length,
		       gnutls_pcert_st **pcert, unsigned int *pcert_length,
		       gnutls_privkey_t *privkey)
{
	return -1;
}
