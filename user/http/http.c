// SPDX-License-Identifier: GPL-2.0-only
/*
 * http.c - the only listening sockets and the only user of libmicrohttpd.
 *
 * Owns: listeners, accepting, ending connections, and the way between library and routes.
 * libmicrohttpd parses and writes; accepting stays here: where all places are taken, whichever
 * connection waits longest is closed for the new one, and the library can only stop accepting.
 * It has one idle timeout that each byte resets; the deadlines here are absolute, so one
 * byte a second gains nothing. A connection is ended by shutdown(2) on its descriptor:
 * the library then finds it closed and frees what it holds.
 *
 * Encrypted connections belong to a second instance of the library: what a session must be like
 * is put into it before its first byte (tls.c). A request whose password is being verified is
 * suspended, and resumed with the answer.
 *
 * Does not belong here: what a request gets (routes.c), which one is closed (conns.c), who may
 * ask (access_gate.c), what is said before and beside serving (http_setup.c).
 */
#include "http/http.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "http/conn_socket.h"
#include "http/http_parts.h"
#include "http/tls_library.h"

enum {
	ACCEPT_BATCH = 32,
	MEMORY_PER_CONNECTION = 32 * 1024,
	ACCEPT_PAUSE_MS = 100,
};

/* --- Connections. ------------------------------------------------------------------- */

/* The library calls on_request() again, in its next run. */
static void conn_resume(struct conn *c, enum auth_verdict verdict)
{
	c->gate = GATE_DECIDED;
	c->verdict = verdict;
	MHD_resume_connection(c->mhd);
}

/* The same, with its answer or without one. */
static void conn_stop_waiting(struct http *http, struct conn *c, const char *why)
{
	deferred_give_up(c, why);
	conn_enter(c, PHASE_ANSWER, http->now_ms);
	MHD_resume_connection(c->mhd);
}

static void conn_end(struct http *http, struct conn *c)
{
	conn_shut(c);
	conns_end(&http->conns, c);
	if (c->gate == GATE_WAITING) /* the library does not look at it while it is suspended */
		conn_resume(c, AUTH_BUSY);
	if (c->deferral == DEFERRAL_WAITING)
		conn_stop_waiting(http, c, NULL);
}

/* Its header took too long: say so, where it began one at all. */
static void conn_expire(struct http *http, struct conn *c)
{
	if (c->gate == GATE_WAITING) { /* that is not its fault, and it gets an answer */
		conn_resume(c, AUTH_BUSY);
		conn_enter(c, PHASE_ANSWER, http->now_ms);
		return;
	}
	if (c->deferral == DEFERRAL_WAITING) {
		conn_stop_waiting(http, c, NULL);
		return;
	}
	if (c->phase == PHASE_HEADER && conn_bytes_received(c) && !conn_say_late(c))
		gate_note_handshake(&http->gate, c, "the handshake was not over in time");
	conn_end(http, c);
}

static bool evict_one(struct http *http)
{
	struct conn *worst = conns_worst(&http->conns, http->now_ms);

	if (worst)
		conn_end(http, worst);
	return worst;
}

/* Ends what is overdue, and finds when to look again. */
static void http_sweep(struct http *http)
{
	__u64 next = http->accept_again_ms;

	for (unsigned int i = 0; i < CONN_SLOTS; i++) {
		struct conn *c = &http->conns.slots[i];

		if (!c->used || c->ended)
			continue;
		if (conn_has_begun(c))
			conn_enter(c, PHASE_HEADER, http->now_ms);
		if (c->deadline_ms <= http->now_ms)
			conn_expire(http, c);
		else if (!next || c->deadline_ms < next)
			next = c->deadline_ms;
	}
	http->next_deadline_ms = farewells_deadline(&http->farewells, next);
}

/* --- libmicrohttpd's callbacks. ----------------------------------------------------- */

static struct conn *conn_of(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/* Before its first byte is read. One that cannot be as it should stays without a context. */
static void conn_start(struct conn *c, struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info;

	c->mhd = mhd;
	if (!c->encrypted)
		return;
	info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	c->broken = !info || tls_begin(&c->tls, c->context, info->tls_session);
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	struct http *http = cls;
	struct conn *c = *context;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = http->accepting;
		conn_start(http->accepting, mhd);
		return;
	}
	if (!c)
		return;
	if (c->encrypted && !c->ended && !tls_is_established(&c->tls) && conn_bytes_received(c))
		gate_note_handshake(&http->gate, c, tls_failure(&c->tls));
	tls_end(&c->tls);
	deferred_done(c);
	/* Unread: a body, or what follows a header that the library has refused by itself. */
	if (!c->ended && (c->has_body || c->phase == PHASE_HEADER || conn_has_begun(c)))
		farewell_start(&http->farewells, c->fd, http->now_ms);
	conns_remove(&http->conns, c);
}

/* The request line is complete. Returned as the request's context: none. */
static void *on_uri(void *cls, const char *uri, struct MHD_Connection *mhd)
{
	struct http *http = cls;
	struct conn *c = conn_of(mhd);

	if (!c)
		return NULL;
	c->uri_len = strlen(uri);
	if (c->phase == PHASE_IDLE)
		conn_enter(c, PHASE_HEADER, http->now_ms);
	return NULL;
}

static void on_completed(void *cls, struct MHD_Connection *mhd, void **context,
			 enum MHD_RequestTerminationCode how)
{
	struct http *http = cls;
	struct conn *c = conn_of(mhd);

	if (!c || c->ended || how != MHD_REQUEST_TERMINATED_COMPLETED_OK)
		return;
	conn_enter(c, PHASE_IDLE, http->now_ms);
	c->gate = GATE_NEW;
	deferred_done(c);
	if (c->encrypted)
		c->bytes_parsed = conn_bytes_received(c);
}

/* Percent-escapes stay as they are: no path of ours has any, and "%00" cannot cut one. */
static size_t no_unescape(void *cls, struct MHD_Connection *mhd, char *text)
{
	return strlen(text);
}

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *key,
				 const char *value)
{
	request_add_header(cls, key, value ? value : "");
	return MHD_YES;
}

static enum MHD_Result on_argument(void *cls, enum MHD_ValueKind kind, const char *key,
				   const char *value)
{
	query_add(cls, key, value);
	return MHD_YES;
}

/* --- Answers. ----------------------------------------------------------------------- */

static void release_page(void *page)
{
	page_put(page);
}

static struct MHD_Response *body_response(const struct answer *a)
{
	if (a->page)
		return MHD_create_response_from_buffer_with_free_callback_cls(
			a->body_len, a->page->text.data, release_page, a->page);
	return MHD_create_response_from_buffer(a->body_len, (void *)a->body,
					       a->in_text ? MHD_RESPMEM_MUST_COPY
							  : MHD_RESPMEM_PERSISTENT);
}

/* True: it waits, suspended, until http__answer(). */
static bool http_defer(struct http *http, struct MHD_Connection *mhd, struct conn *c,
		       struct request *request)
{
	int ask = routes_find_ask(&http->routes, request);
	struct query query = { .len = 0 };

	if (ask < 0)
		return false;
	MHD_get_connection_values(mhd, MHD_GET_ARGUMENT_KIND, on_argument, &query);
	if (!deferred_begin(&http->deferred, &http->routes, &http->conns, c, request, ask, &query))
		return false;
	conn_enter(c, PHASE_ASKED, http->now_ms);
	MHD_suspend_connection(mhd);
	return true;
}

void http__answer(struct http *http, __u64 job, const struct http_said *said)
{
	struct conn *c = deferred_answer(&http->routes, &http->conns, job, said);

	if (!c)
		return;
	conn_enter(c, PHASE_ANSWER, clock_monotonic_ms());
	MHD_resume_connection(c->mhd);
}

void http__give_up(struct http *http, const char *why)
{
	http->now_ms = clock_monotonic_ms();
	for (unsigned int i = 0; i < CONN_SLOTS; i++) {
		struct conn *c = &http->conns.slots[i];

		if (c->used && c->deferral == DEFERRAL_WAITING)
			conn_stop_waiting(http, c, why);
	}
}

static enum MHD_Result reply(struct http *http, struct MHD_Connection *mhd, const struct conn *c,
			     const struct answer *a)
{
	struct MHD_Response *response = body_response(a);
	enum MHD_Result result;

	if (!response) {
		page_put(a->page);
		goto no_memory;
	}
	for (unsigned int i = 0; i < a->nheaders; i++) {
		if (MHD_add_response_header(response, a->headers[i].name, a->headers[i].value) !=
		    MHD_YES)
			goto no_memory;
	}
	/* It began under an older configuration: the next request begins under the new one. */
	if (c->encrypted && c->tls.context != http->gate.tls &&
	    MHD_add_response_header(response, "Connection", "close") != MHD_YES)
		goto no_memory;
	result = MHD_queue_response(mhd, a->status, response);
	MHD_destroy_response(response);
	return result;

no_memory:
	if (response)
		MHD_destroy_response(response);
	return MHD_queue_response(mhd, MHD_HTTP_SERVICE_UNAVAILABLE, http->no_memory);
}

/*
 * Called once for the header and again for the end. An answer at the first call makes the
 * library close the connection, which is right only where a body follows that is not read.
 */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **context)
{
	struct http *http = cls;
	struct conn *c = conn_of(mhd);
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	struct request request = {
		.method = method,
		.version = version,
		.target = url,
		.header_bytes = info ? info->header_size : 0,
		.own_name = http->own_name,
	};
	struct answer answer;

	if (!c || c->ended)
		return MHD_NO;
	request.uri_len = c->uri_len;
	request.check_host = c->check_host;
	request.local = c->own;
	negotiation_init(&request.negotiation, http->routes.callbacks.contents,
			 http->routes.callbacks.ncontents);
	MHD_get_connection_values(mhd, MHD_HEADER_KIND, on_header, &request);
	c->has_body = request.has_body;
	conn_enter(c, PHASE_ANSWER, http->now_ms);
	if (!*context && !request.has_body) {
		*context = c;
		return MHD_YES;
	}
	if (c->deferral == DEFERRAL_OVER) {
		deferred_take(c, &request);
	} else if (!gate_decide(&http->gate, c, &request, http->now_ms)) {
		conn_enter(c, PHASE_VERIFY, http->now_ms);
		MHD_suspend_connection(mhd);
		return MHD_YES;
	}
	if (c->deferral == DEFERRAL_NONE && http_defer(http, mhd, c, &request))
		return MHD_YES;
	if (!c->encrypted)
		c->bytes_parsed += request.header_bytes;
	routes_answer(&http->routes, &request, &answer);
	return reply(http, mhd, c, &answer);
}

/* --- Accepting. --------------------------------------------------------------------- */

static struct conn *conn_reserve(struct http *http, int fd)
{
	if (http->conns.alive >= CONNECTIONS_MAX) {
		if (!evict_one(http))
			return NULL;
		http->connections_refused++;
	}
	return conns_add(&http->conns, fd, http->now_ms);
}

static void http_admit(struct http *http, const struct listener *l, int fd,
		       const struct sockaddr_storage *ss, socklen_t len)
{
	bool tcp = l->address.family != AF_UNIX, encrypted = tcp && http->gate.tls;
	struct MHD_Daemon *daemon = encrypted ? http->tls_daemon : http->daemon;
	struct conn *c = conn_reserve(http, fd);

	if (!c) {
		/* All places are taken, and none of their connections may be closed. */
		http->connections_refused++;
		farewell_refuse(&http->farewells, fd, encrypted, http->now_ms);
		return;
	}
	c->tcp = tcp;
	c->own = l->own;
	c->encrypted = encrypted;
	c->context = http->gate.tls;
	/* Whom a name on the Internet leads here by force has no certificate of that name. */
	c->check_host = c->tcp && l->address.loopback && !encrypted;
	gate_set_peer(c, ss);
	http->accepting = c;
	/* Closes the descriptor if it fails, and tells on_connection() only of what it knew: since 1.0 as it runs. */
	if (MHD_add_connection(daemon, fd, (const struct sockaddr *)ss, len) == MHD_YES &&
	    c->used && !c->mhd)
		MHD_run(daemon);
	if (c->used && !c->mhd)
		conns_remove(&http->conns, c);
	else if (c->used && c->broken)
		conn_end(http, c);
	http->accepting = NULL;
}

static int http_watch(struct http *http, int op, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(http->epoll_fd, op, fd, &ev) ? -errno : 0;
}

/* A pending connection that we do not take would keep us spinning: look away for a moment. */
static void accept_pause(struct http *http, __u64 pause_ms)
{
	__u64 again_ms = http->now_ms + pause_ms;

	for (unsigned int i = 0; i < http->nlisteners && !http->accept_again_ms; i++)
		http_watch(http, EPOLL_CTL_DEL, http->listeners[i].fd);
	if (again_ms > http->accept_again_ms)
		http->accept_again_ms = again_ms;
}

static void accept_resume(struct http *http)
{
	for (unsigned int i = 0; i < http->nlisteners; i++)
		http_watch(http, EPOLL_CTL_ADD, http->listeners[i].fd);
	http->accept_again_ms = 0;
}

static void accept_from(struct http *http, const struct listener *l)
{
	bool handshakes = l->address.family != AF_UNIX && http->gate.tls;

	for (int i = 0; i < ACCEPT_BATCH; i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		int fd;

		if (handshakes && !token_bucket_take(&http->handshakes, http->now_ms)) {
			accept_pause(http, token_bucket_wait(&http->handshakes));
			return;
		}
		fd = accept4(l->fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			http_admit(http, l, fd, &ss, len);
			continue;
		}
		if (handshakes)
			token_bucket_give_back(&http->handshakes);
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
			accept_pause(http, ACCEPT_PAUSE_MS);
			evict_one(http);
		}
		if (errno != ECONNABORTED && errno != EINTR)
			break;
	}
}

static void accept_all(struct http *http)
{
	if (http->accept_again_ms) {
		if (http->now_ms < http->accept_again_ms)
			return;
		accept_resume(http);
	}
	/* One that has to wait for a handshake's turn holds up no other. */
	for (unsigned int i = 0; i < http->nlisteners; i++)
		accept_from(http, &http->listeners[i]);
}

/* --- The life of it all. ------------------------------------------------------------ */

static struct MHD_Daemon *daemon_start(struct http *http, bool encrypted)
{
	/* As the last one: arrays of options cannot have it. */
	const enum MHD_OPTION last = encrypted ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END;
	unsigned int flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
			     (encrypted ? MHD_USE_TLS : 0);

	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, http, MHD_OPTION_CONNECTION_LIMIT,
				(unsigned int)CONN_SLOTS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				(size_t)MEMORY_PER_CONNECTION, MHD_OPTION_CONNECTION_TIMEOUT, 0U,
				MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP,
				1, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
				MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
				MHD_OPTION_URI_LOG_CALLBACK, on_uri, http,
				MHD_OPTION_UNESCAPE_CALLBACK, no_unescape, NULL, last,
				tls_no_certificate, MHD_OPTION_END);
}

static int daemon_open(struct http *http, bool encrypted, struct MHD_Daemon **ret)
{
	const union MHD_DaemonInfo *info;

	*ret = daemon_start(http, encrypted);
	info = *ret ? MHD_get_daemon_info(*ret, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	return info ? http_watch(http, EPOLL_CTL_ADD, info->epoll_fd) : -EIO;
}

int http__start(struct http *http, const struct http_callbacks *callbacks, const char *version)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	const struct extra_headers extra = http->routes.extra; /* of http__configure() */
	struct utsname uts;
	int err = 0;

	routes_init(&http->routes, callbacks, version);
	http->routes.extra = extra;
	http->gate.note = callbacks->note;
	http->gate.ctx = callbacks->ctx;
	if (!uname(&uts))
		memcpy(http->own_name, uts.nodename, sizeof(http->own_name));
	/* Not every way in which the library writes can say MSG_NOSIGNAL. */
	if (sigaction(SIGPIPE, &ignore, NULL))
		return -errno;
	http->no_memory = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	if (!http->no_memory)
		return -ENOMEM;
	http->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (http->epoll_fd < 0)
		return -errno;
	http->farewells.epoll_fd = http->epoll_fd;
	err = daemon_open(http, false, &http->daemon);
	if (!err && http->gate.auth) /* it was configured: some day it may be encrypted */
		err = daemon_open(http, true, &http->tls_daemon);
	if (!err && http->gate.verifier >= 0)
		err = http_watch(http, EPOLL_CTL_ADD, http->gate.verifier);
	for (unsigned int i = 0; i < http->nlisteners && !err; i++)
		err = http_watch(http, EPOLL_CTL_ADD, http->listeners[i].fd);
	return err;
}

/* Work that the library left over, because it takes one step per connection and run. */
static bool daemon_has_work(struct MHD_Daemon *daemon)
{
	MHD_UNSIGNED_LONG_LONG ms;

	return daemon && MHD_get_timeout(daemon, &ms) == MHD_YES && ms == 0;
}

static void daemon_run(struct MHD_Daemon *daemon)
{
	for (int i = 0; daemon && i < ACCEPT_BATCH && (!i || daemon_has_work(daemon)); i++)
		MHD_run(daemon);
}

/* Whoever waits for this job goes on. */
static void jobs_resume(struct http *http, __u64 job, enum auth_verdict verdict)
{
	for (unsigned int i = 0; i < CONN_SLOTS; i++) {
		struct conn *c = &http->conns.slots[i];

		if (c->used && c->gate == GATE_WAITING && c->job == job)
			conn_resume(c, verdict);
	}
}

int http__timeout_ms(struct http *http)
{
	__u64 now_ms;

	if (daemon_has_work(http->daemon) || daemon_has_work(http->tls_daemon))
		return 0;
	if (!http->next_deadline_ms)
		return -1;
	now_ms = clock_monotonic_ms();
	return http->next_deadline_ms > now_ms ? (int)(http->next_deadline_ms - now_ms) : 0;
}

void http__run(struct http *http)
{
	enum auth_verdict verdict;
	__u64 job;

	http->now_ms = clock_monotonic_ms();
	while (gate_listen(&http->gate, &job, &verdict))
		jobs_resume(http, job, verdict);
	accept_all(http);
	daemon_run(http->daemon);
	daemon_run(http->tls_daemon);
	gate_ask(&http->gate);
	farewells_run(&http->farewells, http->now_ms);
	http_sweep(http);
}

void http__free(struct http *http)
{
	if (!http)
		return;
	http->gate.note = NULL; /* who would be told may be gone */
	for (unsigned int i = 0; i < http->nlisteners; i++)
		listener_close(&http->listeners[i]);
	for (unsigned int i = 0; i < CONN_SLOTS; i++) /* it stops with none suspended only */
		if (http->conns.slots[i].used &&
		    (http->conns.slots[i].gate == GATE_WAITING ||
		     http->conns.slots[i].deferral == DEFERRAL_WAITING))
			conn_end(http, &http->conns.slots[i]);
	if (http->daemon)
		MHD_stop_daemon(http->daemon);
	if (http->tls_daemon)
		MHD_stop_daemon(http->tls_daemon);
	if (http->no_memory)
		MHD_destroy_response(http->no_memory);
	farewells_done(&http->farewells);
	if (http->epoll_fd >= 0)
		close(http->epoll_fd);
	routes_done(&http->routes);
	gate_done(&http->gate);
	free(http);
}
