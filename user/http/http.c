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
 * Does not belong here: what a request gets (routes.c), which one is closed (conns.c).
 */
#include "http/http.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <linux/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/conns.h"
#include "http/farewell.h"
#include "http/listener.h"
#include "http/routes.h"

enum {
	ACCEPT_BATCH = 32,
	MEMORY_PER_CONNECTION = 32 * 1024,
	ACCEPT_PAUSE_MS = 100,
};

struct http {
	struct routes routes;
	struct MHD_Daemon *daemon;
	int epoll_fd; /* of the listeners, the lingering and libmicrohttpd's own epoll */
	struct listener listeners[HTTP_LISTENERS_MAX];
	unsigned int nlisteners;
	struct conns conns;
	struct conn *accepting; /* handed to on_connection() */
	struct farewells farewells;
	__u64 now_ms;
	__u64 next_deadline_ms; /* 0: none */
	__u64 accept_again_ms; /* 0: not paused */
	__u64 connections_refused;
	struct MHD_Response *no_memory; /* prepared while there is some */
	char own_name[sizeof(((struct utsname *)0)->nodename)];
};

/* --- Connections. ------------------------------------------------------------------- */

/* 0 where it is no TCP connection. */
static __u64 conn_bytes_received(const struct conn *c)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (!c->tcp || getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		return 0;
	return info.tcpi_bytes_received;
}

/* Idle, and yet more has come than the requests so far were long: another has begun. */
static bool conn_has_begun(const struct conn *c)
{
	return c->phase == PHASE_IDLE && conn_bytes_received(c) > c->bytes_parsed;
}

static void conn_end(struct http *http, struct conn *c)
{
	const struct linger reset = { .l_onoff = 1 };

	/* With megabytes queued for a reader that is gone: do not keep them in the kernel. */
	if (c->phase == PHASE_ANSWER)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	shutdown(c->fd, SHUT_RDWR);
	conns_end(&http->conns, c);
}

/* Its header took too long: say so, where it began one at all. */
static void conn_expire(struct http *http, struct conn *c)
{
	static const char answer[] = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n"
				     "Connection: close\r\n\r\n";

	if (c->phase == PHASE_HEADER && conn_bytes_received(c))
		(void)!send(c->fd, answer, sizeof(answer) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
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

static void on_connection(void *cls, struct MHD_Connection *mhd, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	struct http *http = cls;
	struct conn *c = *context;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = http->accepting;
		return;
	}
	if (!c)
		return;
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

	if (c && !c->ended && how == MHD_REQUEST_TERMINATED_COMPLETED_OK)
		conn_enter(c, PHASE_IDLE, http->now_ms);
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

static enum MHD_Result reply(struct http *http, struct MHD_Connection *mhd, const struct answer *a)
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

	if (!c)
		return MHD_NO;
	conn_enter(c, PHASE_ANSWER, http->now_ms);
	request.uri_len = c->uri_len;
	request.check_host = c->check_host;
	negotiation_init(&request.negotiation, http->routes.callbacks.contents,
			 http->routes.callbacks.ncontents);
	MHD_get_connection_values(mhd, MHD_HEADER_KIND, on_header, &request);
	c->has_body = request.has_body;
	if (!*context && !request.has_body) {
		*context = c;
		return MHD_YES;
	}
	c->bytes_parsed += request.header_bytes;
	routes_answer(&http->routes, &request, &answer);
	return reply(http, mhd, &answer);
}

/* --- Accepting. --------------------------------------------------------------------- */

/* All places are taken, and none of their connections may be closed. */
static void http_refuse(struct http *http, int fd)
{
	static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
				     "Retry-After: 1\r\nConnection: close\r\n\r\n";

	http->connections_refused++;
	(void)!send(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	farewell_start(&http->farewells, fd, http->now_ms);
	close(fd);
}

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
	struct conn *c = conn_reserve(http, fd);

	if (!c) {
		http_refuse(http, fd);
		return;
	}
	c->tcp = l->address.family != AF_UNIX;
	c->check_host = c->tcp && l->address.loopback;
	http->accepting = c;
	/* It closes the descriptor if it fails, and tells on_connection() only if it knew of it. */
	if (MHD_add_connection(http->daemon, fd, (const struct sockaddr *)ss, len) != MHD_YES &&
	    c->used)
		conns_remove(&http->conns, c);
	http->accepting = NULL;
}

static int http_watch(struct http *http, int op, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(http->epoll_fd, op, fd, &ev) ? -errno : 0;
}

/* Without descriptors a pending connection would keep us spinning: look away for a moment. */
static void accept_pause(struct http *http)
{
	for (unsigned int i = 0; i < http->nlisteners; i++)
		http_watch(http, EPOLL_CTL_DEL, http->listeners[i].fd);
	http->accept_again_ms = http->now_ms + ACCEPT_PAUSE_MS;
	evict_one(http);
}

static void accept_resume(struct http *http)
{
	for (unsigned int i = 0; i < http->nlisteners; i++)
		http_watch(http, EPOLL_CTL_ADD, http->listeners[i].fd);
	http->accept_again_ms = 0;
}

static void accept_from(struct http *http, const struct listener *l)
{
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		int fd = accept4(l->fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			http_admit(http, l, fd, &ss, len);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			accept_pause(http);
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
	for (unsigned int i = 0; i < http->nlisteners && !http->accept_again_ms; i++)
		accept_from(http, &http->listeners[i]);
}

/* --- The life of it all. ------------------------------------------------------------ */

int http__bind(const struct http_address *addresses, unsigned int n, struct http **ret,
	       unsigned int *ret_failed)
{
	struct http *http;
	int err = 0;

	if (!n || n > HTTP_LISTENERS_MAX)
		return -EINVAL;
	http = calloc(1, sizeof(*http));
	if (!http)
		return -ENOMEM;
	farewells_init(&http->farewells);
	http->epoll_fd = -1;
	for (unsigned int i = 0; i < n && !err; i++) {
		http->listeners[i].fd = -1;
		http->nlisteners++;
		err = listener_open(&http->listeners[i], &addresses[i]);
		if (err)
			*ret_failed = i;
	}
	if (err) {
		http__free(http);
		return err;
	}
	*ret = http;
	return 0;
}

const struct http_address *http__address(const struct http *http, unsigned int i)
{
	return &http->listeners[i].address;
}

static struct MHD_Daemon *daemon_start(struct http *http)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, on_request,
				http, MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONN_SLOTS,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_PER_CONNECTION,
				MHD_OPTION_CONNECTION_TIMEOUT, 0U, MHD_OPTION_STRICT_FOR_CLIENT, 1,
				MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_NOTIFY_CONNECTION,
				on_connection, http, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
				http, MHD_OPTION_URI_LOG_CALLBACK, on_uri, http,
				MHD_OPTION_UNESCAPE_CALLBACK, no_unescape, NULL, MHD_OPTION_END);
}

int http__start(struct http *http, const struct http_callbacks *callbacks, const char *version)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	const union MHD_DaemonInfo *info;
	struct utsname uts;
	int err = 0;

	routes_init(&http->routes, callbacks, version);
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
	http->daemon = daemon_start(http);
	info = http->daemon ? MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info)
		return -EIO;
	err = http_watch(http, EPOLL_CTL_ADD, info->epoll_fd);
	for (unsigned int i = 0; i < http->nlisteners && !err; i++)
		err = http_watch(http, EPOLL_CTL_ADD, http->listeners[i].fd);
	return err;
}

unsigned int http__fds(struct http *http, int *ret_fds, unsigned int max)
{
	if (!max)
		return 0;
	ret_fds[0] = http->epoll_fd;
	return 1;
}

/* Work that the library left over, because it takes one step per connection and run. */
static bool daemon_has_work(struct http *http)
{
	MHD_UNSIGNED_LONG_LONG ms;

	return MHD_get_timeout(http->daemon, &ms) == MHD_YES && ms == 0;
}

int http__timeout_ms(struct http *http)
{
	__u64 now_ms;

	if (daemon_has_work(http))
		return 0;
	if (!http->next_deadline_ms)
		return -1;
	now_ms = clock_monotonic_ms();
	return http->next_deadline_ms > now_ms ? (int)(http->next_deadline_ms - now_ms) : 0;
}

void http__run(struct http *http)
{
	http->now_ms = clock_monotonic_ms();
	accept_all(http);
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		MHD_run(http->daemon);
		if (!daemon_has_work(http))
			break;
	}
	farewells_run(&http->farewells, http->now_ms);
	http_sweep(http);
}

void http__stat(const struct http *http, struct http_stat *ret)
{
	*ret = (struct http_stat){
		.scrapes = http->routes.scrapes,
		.scrape_errors = http->routes.scrape_errors,
		.connections_refused = http->connections_refused,
	};
}

void http__free(struct http *http)
{
	if (!http)
		return;
	for (unsigned int i = 0; i < http->nlisteners; i++)
		listener_close(&http->listeners[i]);
	if (http->daemon)
		MHD_stop_daemon(http->daemon);
	if (http->no_memory)
		MHD_destroy_response(http->no_memory);
	farewells_done(&http->farewells);
	if (http->epoll_fd >= 0)
		close(http->epoll_fd);
	routes_done(&http->routes);
	free(http);
}
