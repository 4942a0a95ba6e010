// SPDX-License-Identifier: GPL-2.0-only
/*
 * access_gate.c - see access_gate.h.
 *
 * Does not belong here: libmicrohttpd, GnuTLS, hashes.
 */
#include "http/access_gate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"

/* Longer than this nobody saves tokens up: interval * burst has to fit. */
#define RATE_CREDIT_MAX_NS (1ULL << 62)

void gate_init(struct access_gate *gate)
{
	*gate = (struct access_gate){ .verifier = -1 };
}

void gate_done(struct access_gate *gate)
{
	if (gate->verifier >= 0)
		close(gate->verifier);
	tls_context__put(gate->tls);
	auth__free(gate->auth);
}

static void set_rate(struct token_bucket *rate, const struct access *access, __u64 now_ns)
{
	__u64 burst = access->rate_burst, interval = access->rate_interval_ns;

	if (interval && burst > RATE_CREDIT_MAX_NS / interval)
		burst = RATE_CREDIT_MAX_NS / interval;
	/* The same limit goes on: a new configuration is no new burst. */
	if (rate->interval != interval || rate->burst != burst)
		token_bucket_init(rate, interval, burst, now_ns);
}

int gate_configure(struct access_gate *gate, const struct access *access, __u64 now_ns,
		   const char **ret_key, char why[HTTP_WHY_LEN])
{
	struct tls_context *tls = NULL;
	int err = gate->auth ? 0 : auth__new(&gate->auth);

	if (!err && access->encrypted)
		err = tls_context__new(&access->tls, &tls, ret_key, why);
	if (!err)
		err = auth__configure(gate->auth, access);
	if (err) {
		tls_context__put(tls);
		return err;
	}
	tls_context__put(gate->tls);
	gate->tls = tls;
	set_rate(&gate->rate, access, now_ns);
	return 0;
}

void gate_set_peer(struct conn *c, const struct sockaddr_storage *ss)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)ss;
	const struct sockaddr_in *in = (const struct sockaddr_in *)ss;
	const unsigned char *bytes = in6->sin6_addr.s6_addr;
	const void *v4 = NULL;

	if (ss->ss_family == AF_INET)
		v4 = &in->sin_addr;
	else if (ss->ss_family == AF_INET6 && !memcmp(bytes, mapped, sizeof(mapped)))
		v4 = bytes + sizeof(mapped);
	else if (ss->ss_family != AF_INET6)
		return;
	c->from.family = v4 ? AF_INET : AF_INET6;
	memcpy(c->from.bytes, v4 ? v4 : bytes, v4 ? 4 : 8);
	inet_ntop(c->from.family, v4 ? v4 : bytes, c->peer, sizeof(c->peer));
}

static void gate_note(struct access_gate *gate, enum http_note note, const char *peer,
		      const char *what)
{
	if (gate->note)
		gate->note(gate->ctx, note, peer, what);
}

void gate_note_handshake(struct access_gate *gate, const struct conn *c, const char *why)
{
	bool certificate = tls_failed_by_certificate(&c->tls);

	gate->denied[certificate ? HTTP_DENIED_CERTIFICATE : HTTP_DENIED_HANDSHAKE]++;
	gate_note(gate, certificate ? HTTP_NOTE_CERTIFICATE : HTTP_NOTE_HANDSHAKE, c->peer, why);
}

static void refuse(struct access_gate *gate, struct request *r, unsigned int status,
		   enum http_denial denial, unsigned int retry_after_s)
{
	gate->denied[denial]++;
	r->refused = status;
	r->retry_after_s = retry_after_s;
	r->offer_basic = auth__takes_users(gate->auth);
	r->offer_bearer = auth__takes_tokens(gate->auth);
}

static void obey(struct access_gate *gate, struct conn *c, enum auth_verdict verdict,
		 struct request *r)
{
	c->trusted = verdict == AUTH_OK &&
		     (auth__asks(gate->auth) ||
		      (c->tls.context && tls_context__verifies(c->tls.context)));
	switch (verdict) {
	case AUTH_OK:
	case AUTH_WAIT: break;
	case AUTH_MISSING: refuse(gate, r, 401, HTTP_DENIED_CREDENTIALS, 0); break;
	case AUTH_DENIED:
		refuse(gate, r, 401, HTTP_DENIED_CREDENTIALS, 0);
		gate_note(gate, HTTP_NOTE_CREDENTIALS, c->peer, "wrong credentials");
		break;
	case AUTH_LIMITED:
		refuse(gate, r, 429, HTTP_DENIED_FAILURES, AUTH_FAILURE_MS / 1000);
		break;
	case AUTH_BUSY: refuse(gate, r, 503, HTTP_DENIED_BUSY, 1); break;
	}
}

static unsigned int rate_wait_s(const struct token_bucket *rate)
{
	__u64 s = (token_bucket_wait(rate) + NS_PER_S - 1) / NS_PER_S;

	return s > 86400 ? 86400 : (unsigned int)(s ? s : 1);
}

bool gate_decide(struct access_gate *gate, struct conn *c, struct request *r, __u64 now_ms)
{
	enum auth_verdict verdict;
	const char *path;

	if (!gate->auth)
		return true;
	if (c->gate == GATE_DECIDED) {
		obey(gate, c, c->verdict, r);
		return true;
	}
	if (request_check(r, &path)) /* that is its answer */
		return true;
	if (!token_bucket_take(&gate->rate, clock_monotonic_ns())) {
		refuse(gate, r, 429, HTTP_DENIED_RATE, rate_wait_s(&gate->rate));
		return true;
	}
	if (!c->tcp)
		return true;
	verdict = auth__check(gate->auth, r->authorization, &c->from, now_ms, &c->job);
	if (verdict == AUTH_WAIT && gate->verifier < 0) { /* nobody would answer */
		auth__abandon(gate->auth, &c->job);
		verdict = AUTH_BUSY;
	}
	c->gate = verdict == AUTH_WAIT ? GATE_WAITING : GATE_NEW;
	obey(gate, c, verdict, r);
	return verdict != AUTH_WAIT;
}

bool gate_listen(struct access_gate *gate, __u64 *ret_job, enum auth_verdict *ret_verdict)
{
	struct password_said said;
	ssize_t n;

	if (!gate->auth)
		return false;
	if (gate->verifier < 0) {
		*ret_verdict = AUTH_BUSY;
		return auth__abandon(gate->auth, ret_job);
	}
	do
		n = recv(gate->verifier, &said, sizeof(said), MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n != sizeof(said)) {
		close(gate->verifier);
		gate->verifier = -1;
		gate_note(gate, HTTP_NOTE_VERIFIER, "",
			  "the process that verifies passwords is gone: only who was verified "
			  "before is answered; restart vigie");
		*ret_verdict = AUTH_BUSY;
		return auth__abandon(gate->auth, ret_job);
	}
	gate->verifier_cpu_ns = said.cpu_ns;
	*ret_job = said.id;
	*ret_verdict = auth__answer(gate->auth, &said);
	return true;
}

void gate_ask(struct access_gate *gate)
{
	struct password_ask ask;

	if (!gate->auth || gate->verifier < 0 || !auth__next(gate->auth, &ask))
		return;
	/* Its socket is empty, since one question is under way at most. If it is gone, we hear of that. */
	(void)!send(gate->verifier, &ask, sizeof(ask), MSG_DONTWAIT | MSG_NOSIGNAL);
	explicit_bzero(&ask, sizeof(ask));
}
