/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tls_library.h - what libmicrohttpd wants to have in GnuTLS' own types, of which tls.h is free.
 */
#ifndef VIGIE_HTTP_TLS_LIBRARY_H
#define VIGIE_HTTP_TLS_LIBRARY_H

#include <gnutls/abstract.h>

/* For the library's own question of a certificate: it has none. */
int tls_no_certificate(gnutls_session_t session, const gnutls_datum_t *req_ca_dn, int nreqs,
		       const gnutls_pk_algorithm_t *pk_algos, int pk_algos_length,
		       gnutls_pcert_st **pcert, unsigned int *pcert_length,
		       gnutls_privkey_t *privkey);

#endif
