/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * access_gate.h - whether a request may be answered, in the order that costs least.
 *
 *	well-formed? -> rate_limit? -> credentials known? -> a place in the queue of verifications
 *
 * Owns: the current configuration of access, the talk with the process that does bcrypt, the counts of who was
 * not answered. Not here: connections and what is done to them (http.c), what a request gets
 * (routes.c).
 */
#ifndef VIGIE_HTTP_ACCESS_GATE_H
#define VIGIE_HTTP_ACCESS_GATE_H

#include <sys/socket.h>

#include "base/token_bucket.h"
#include "http/conns.h"
#include "http/http.h"
#include "http/request.h"

struct access_gate {
	struct auth *auth; /* NULL: nothing was ever configured */
	struct tls_context *tls; /* a reference; NULL: connections are not encrypted */
	struct token_bucket rate; /* in ns */
	int verifier; /* the process that does bcrypt; -1: there is none */
	__u64 verifier_cpu_ns; /* as it last said */
	__u64 denied[HTTP_DENIALS];
	void (*note)(void *ctx, enum http_note note, const char *peer, const char *what);
	void *ctx;
};

void gate_init(struct access_gate *gate);
void gate_done(struct access_gate *gate);
/* As http__configure(). */
int gate_configure(struct access_gate *gate, const struct access *access, __u64 now_ns,
		   const char **ret_key, char why[HTTP_WHY_LEN]);
/* Who is at the other end. */
void gate_set_peer(struct conn *c, const struct sockaddr_storage *ss);
/* True: r says whether it is refused. False: c waits for a job. */
bool gate_decide(struct access_gate *gate, struct conn *c, struct request *r, __u64 now_ms);
/* One answer of the verifier: true, and who waits for that job may go on. */
bool gate_listen(struct access_gate *gate, __u64 *ret_job, enum auth_verdict *ret_verdict);
/* Asks it what is to be asked. */
void gate_ask(struct access_gate *gate);
void gate_note_handshake(struct access_gate *gate, const struct conn *c, const char *why);

#endif
