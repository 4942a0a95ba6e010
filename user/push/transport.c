// SPDX-License-Identifier: GPL-2.0-only
/* transport.c - owns libcurl: options, callbacks, the wait; and writing to a plain socket. */
#include "push/transport.h"

#include <curl/curl.h>
#include <errno.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "base/units.h"
#include "gen/version.h"

/* Until the other end's kernel has acknowledged all, how often to look. */
#define DRAIN_EVERY_NS (20 * NS_PER_MS)
enum { HEADERS_MAX = 64 << 10, WAIT_MAX_MS = 3600000 };

enum slot_state {
	SLOT_IDLE,
	SLOT_TRANSFER, /* libcurl's: a request, or the connecting of a plain one */
	SLOT_WRITING, /* plain */
	SLOT_DRAINING, /* plain: all is written */
	SLOT_ANSWERED,
};

struct slot {
	CURL *easy; /* of the last request */
	bool added; /* to the multi handle: a plain connection lives as long as that */
	bool plain, connected;
	enum slot_state state;
	struct curl_slist *headers;
	char error[CURL_ERROR_SIZE];

	struct buf answer;
	size_t answer_max, header_bytes;
	unsigned int status; /* of the answer under way */
	bool has_status; /* its headers are whole */
	bool cut;
	char retry_after[TRANSPORT_RETRY_AFTER_LEN];
	enum push_retry failure;

	curl_socket_t fd; /* plain */
	const char *at;
	size_t left;
	__u64 deadline_ns;
};

struct transport {
	CURLM *multi;
	struct curl_waitfd *fds; /* room for one a slot, and one */
	unsigned int nslots;
	struct slot slots[];
};

/* --- What a server sends. ------------------------------------------------------------ */

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct slot *slot = ctx;

	if (n > slot->answer_max - slot->answer.len) {
		slot->cut = true;
		return 0; /* ends the transfer */
	}
	buf_add(&slot->answer, data, n);
	if (slot->answer.err)
		slot->cut = true;
	return slot->answer.err ? 0 : n;
}

static void take_retry_after(struct slot *slot, const char *line, size_t len)
{
	static const char name[] = "retry-after:";
	size_t skip = sizeof(name) - 1;

	if (len < skip || strncasecmp(line, name, skip))
		return;
	while (skip < len && (line[skip] == ' ' || line[skip] == '\t'))
		skip++;
	while (len > skip && strchr(" \t\r\n", line[len - 1]))
		len--;
	len -= skip;
	if (len >= sizeof(slot->retry_after) || memchr(line + skip, '\0', len))
		return;
	memcpy(slot->retry_after, line + skip, len);
	slot->retry_after[len] = '\0';
}

static size_t on_header(char *line, size_t size, size_t n, void *ctx)
{
	struct slot *slot = ctx;
	long status = 0;

	slot->header_bytes += n;
	if (slot->header_bytes > HEADERS_MAX)
		return 0;
	if (n >= 5 && !strncmp(line, "HTTP/", 5)) { /* one of 100 may precede */
		slot->retry_after[0] = '\0';
		slot->has_status = false;
	}
	take_retry_after(slot, line, n);
	if (n <= 2 && strchr("\r\n", line[0])) {
		curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
		slot->status = (unsigned int)status;
		slot->has_status = status >= 200;
	}
	return n;
}

/* --- Slots. -------------------------------------------------------------------------- */

int transport__new(unsigned int slots, struct transport **ret)
{
	struct transport *t;
	unsigned int i;

	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return -ENOMEM;
	t = calloc(1, sizeof(*t) + slots * sizeof(t->slots[0]));
	if (!t)
		return -ENOMEM;
	t->nslots = slots;
	t->multi = curl_multi_init();
	t->fds = calloc(slots + 1, sizeof(*t->fds));
	for (i = 0; i < slots; i++)
		buf_init(&t->slots[i].answer, 0);
	if (!t->multi || !t->fds) {
		transport__free(t);
		return -ENOMEM;
	}
	curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS, (long)slots);
	*ret = t;
	return 0;
}

static void slot_reset(struct transport *t, struct slot *slot)
{
	if (slot->added)
		curl_multi_remove_handle(t->multi, slot->easy);
	slot->added = slot->connected = false;
	curl_slist_free_all(slot->headers);
	slot->headers = NULL;
}

void transport__free(struct transport *t)
{
	unsigned int i;

	if (!t)
		return;
	for (i = 0; i < t->nslots; i++) {
		slot_reset(t, &t->slots[i]);
		curl_easy_cleanup(t->slots[i].easy);
		buf_done(&t->slots[i].answer);
	}
	if (t->multi)
		curl_multi_cleanup(t->multi);
	free(t->fds);
	free(t);
	curl_global_cleanup();
}

static int add_header(struct slot *slot, const char *header)
{
	struct curl_slist *longer = curl_slist_append(slot->headers, header);

	if (!longer)
		return -ENOMEM;
	slot->headers = longer;
	return 0;
}

static CURLcode limit_protocols(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	return curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/* What every request has. Errors add up: any is the end of it. */
static int set_common(struct slot *slot, const struct transport_request *r)
{
	long timeout_ms = (long)(r->timeout_ns / NS_PER_MS);
	CURL *easy = slot->easy;
	CURLcode bad = limit_protocols(easy);

	bad |= curl_easy_setopt(easy, CURLOPT_PRIVATE, (void *)slot);
	bad |= curl_easy_setopt(easy, CURLOPT_URL, r->url);
	bad |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->error);
	bad |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
	bad |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* Or a name server that hangs would have us wait for its thread, and all others with us. */
	bad |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
	if (r->direct || r->plain)
		bad |= curl_easy_setopt(easy, CURLOPT_PROXY, "");
	if (r->unix_path)
		bad |= curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, r->unix_path);
	return bad ? -ENOMEM : 0;
}

static int set_http(struct slot *slot, const struct transport_request *r)
{
	CURL *easy = slot->easy;
	CURLcode bad = CURLE_OK;

	bad |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	bad |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	bad |= curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	bad |= curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 16384L);
	bad |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "vigie/" VIGIE_VERSION);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, (void *)slot);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, (void *)slot);
	bad |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, slot->headers);
	if (r->ca_file)
		bad |= curl_easy_setopt(easy, CURLOPT_CAINFO, r->ca_file);
	if (r->username) {
		bad |= curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		bad |= curl_easy_setopt(easy, CURLOPT_USERNAME, r->username);
		bad |= curl_easy_setopt(easy, CURLOPT_PASSWORD, r->password);
	}
	if (r->body) {
		bad |= curl_easy_setopt(easy, CURLOPT_POST, 1L);
		bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->len);
		bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDS, r->body);
	}
	return bad ? -ENOMEM : 0;
}

static int add_to_multi(struct transport *t, struct slot *slot)
{
	if (curl_multi_add_handle(t->multi, slot->easy))
		return -ENOMEM;
	slot->added = true;
	slot->state = SLOT_TRANSFER;
	return 0;
}

static void slot_begin(struct slot *slot, const struct transport_request *r)
{
	buf_done(&slot->answer); /* a large answer is not kept for good */
	buf_init(&slot->answer, r->answer_max + 1);
	slot->answer_max = r->answer_max;
	slot->header_bytes = 0;
	slot->status = 0;
	slot->has_status = slot->cut = false;
	slot->retry_after[0] = slot->error[0] = '\0';
	slot->at = r->body;
	slot->left = r->len;
	slot->deadline_ns = clock_monotonic_ns() + r->timeout_ns;
}

/* Nothing is expected from there: to be read is the end, or an error. */
static bool is_alive(const struct slot *slot)
{
	char byte;
	ssize_t n = recv(slot->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);

	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

int transport__start(struct transport *t, unsigned int number,
		     const struct transport_request *request)
{
	struct slot *slot = &t->slots[number];
	unsigned int i;
	int err;

	slot_begin(slot, request);
	if (request->plain && slot->connected && is_alive(slot)) {
		slot->state = SLOT_WRITING;
		return 0;
	}
	slot_reset(t, slot);
	if (!slot->easy)
		slot->easy = curl_easy_init();
	if (!slot->easy)
		return -ENOMEM;
	curl_easy_reset(slot->easy); /* its connection stays */
	slot->plain = request->plain;
	err = set_common(slot, request);
	if (request->plain) {
		if (!err && curl_easy_setopt(slot->easy, CURLOPT_CONNECT_ONLY, 1L))
			err = -ENOMEM;
		return err ? err : add_to_multi(t, slot);
	}
	if (!err) /* or a body of a megabyte waits a second for "100 Continue" */
		err = add_header(slot, "Expect:");
	for (i = 0; i < request->nheaders && !err; i++)
		err = add_header(slot, request->headers[i]);
	if (!err)
		err = set_http(slot, request);
	return err ? err : add_to_multi(t, slot);
}

bool transport__is_busy(const struct transport *t, unsigned int slot)
{
	return t->slots[slot].state != SLOT_IDLE;
}

/* --- What comes of it. --------------------------------------------------------------- */

static void slot_fail(struct slot *slot, enum push_retry why, const char *text)
{
	slot->state = SLOT_ANSWERED;
	slot->has_status = false;
	slot->failure = why;
	if (!slot->error[0])
		snprintf(slot->error, sizeof(slot->error), "%s", text);
}

static enum push_retry failure_of(CURLcode code)
{
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT: return PUSH_RETRY_TIMEOUT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR: return PUSH_RETRY_TLS;
	default: return PUSH_RETRY_CONNECTION;
	}
}

static void transfer_ended(struct transport *t, struct slot *slot, CURLcode code)
{
	if (slot->plain && code == CURLE_OK) { /* the handle stays, and with it the connection */
		slot->fd = CURL_SOCKET_BAD;
		curl_easy_getinfo(slot->easy, CURLINFO_ACTIVESOCKET, &slot->fd);
		slot->connected = slot->fd != CURL_SOCKET_BAD;
		slot->state = SLOT_WRITING;
		if (!slot->connected)
			slot_fail(slot, PUSH_RETRY_CONNECTION, "no socket");
		return;
	}
	curl_multi_remove_handle(t->multi, slot->easy);
	slot->added = false;
	/* Who has said what it thinks of the request has, whatever happened to the rest. */
	if (slot->has_status) {
		slot->cut |= code != CURLE_OK;
		slot->state = SLOT_ANSWERED;
		return;
	}
	slot_fail(slot, failure_of(code), curl_easy_strerror(code));
}

static void read_messages(struct transport *t)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(t->multi, &left))) {
		struct slot *slot = NULL;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&slot);
		transfer_ended(t, slot, code);
	}
}

/* A plain connection that failed is not used again: transport__start() finds it unconnected. */
static void plain_fail(struct slot *slot, enum push_retry why, const char *text)
{
	slot->connected = false;
	slot_fail(slot, why, text);
}

static void plain_write(struct slot *slot)
{
	ssize_t n;

	while (slot->left) {
		n = send(slot->fd, slot->at, slot->left, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
			plain_fail(slot, PUSH_RETRY_CONNECTION, err_name(-errno));
		if (n <= 0)
			return;
		slot->at += n;
		slot->left -= n;
	}
	slot->state = SLOT_DRAINING;
}

/*
 * The protocol has no answer. What the other end's kernel has acknowledged is the most that can be
 * known; of a connection that was reset the queue is empty, too.
 */
static void plain_drain(struct slot *slot)
{
	int unsent = 1;

	if (!is_alive(slot)) {
		plain_fail(slot, PUSH_RETRY_CONNECTION, "closed by the other end");
	} else if (!ioctl(slot->fd, SIOCOUTQ, &unsent) && !unsent) {
		slot->state = SLOT_ANSWERED;
		slot->status = 200;
		slot->has_status = true;
	}
}

static void plain_step(struct slot *slot, __u64 now_ns)
{
	if (slot->state == SLOT_WRITING)
		plain_write(slot);
	if (slot->state == SLOT_DRAINING)
		plain_drain(slot);
	if ((slot->state == SLOT_WRITING || slot->state == SLOT_DRAINING) &&
	    now_ns >= slot->deadline_ns)
		plain_fail(slot, PUSH_RETRY_TIMEOUT, "not taken in time");
}

/* What libcurl does not wait for; and for how long at most. */
static unsigned int collect_fds(struct transport *t, int fd, __u64 *timeout_ns)
{
	__u64 now = clock_monotonic_ns(), most;
	unsigned int n = 0, i;

	if (fd >= 0)
		t->fds[n++] = (struct curl_waitfd){ .fd = fd, .events = CURL_WAIT_POLLIN };
	for (i = 0; i < t->nslots; i++) {
		const struct slot *slot = &t->slots[i];

		if (slot->state == SLOT_ANSWERED)
			*timeout_ns = 0;
		if (slot->state != SLOT_WRITING && slot->state != SLOT_DRAINING)
			continue;
		most = slot->deadline_ns > now ? slot->deadline_ns - now : 0;
		if (slot->state == SLOT_WRITING)
			t->fds[n++] = (struct curl_waitfd){ .fd = slot->fd,
							    .events = CURL_WAIT_POLLOUT };
		else if (most > DRAIN_EVERY_NS)
			most = DRAIN_EVERY_NS;
		if (most < *timeout_ns)
			*timeout_ns = most;
	}
	return n;
}

int transport__wait(struct transport *t, int fd, __u64 timeout_ns)
{
	unsigned int n = collect_fds(t, fd, &timeout_ns), i;
	__u64 ms = timeout_ns / NS_PER_MS + (timeout_ns % NS_PER_MS != 0);
	int running;
	__u64 now;

	if (curl_multi_poll(t->multi, t->fds, n, ms < WAIT_MAX_MS ? (int)ms : WAIT_MAX_MS, NULL))
		return -EIO;
	if (curl_multi_perform(t->multi, &running))
		return -EIO;
	read_messages(t);
	now = clock_monotonic_ns();
	for (i = 0; i < t->nslots; i++)
		plain_step(&t->slots[i], now);
	return 0;
}

bool transport__take(struct transport *t, struct transport_answer *ret)
{
	struct slot *slot = t->slots, *end = slot + t->nslots;

	while (slot < end && slot->state != SLOT_ANSWERED)
		slot++;
	if (slot == end)
		return false;
	slot->state = SLOT_IDLE;
	*ret = (struct transport_answer){ .slot = (unsigned int)(slot - t->slots),
					  .status = slot->has_status ? slot->status : 0,
					  .failure = slot->failure,
					  .cut = slot->cut,
					  .body = "" };
	snprintf(ret->retry_after, sizeof(ret->retry_after), "%s", slot->retry_after);
	buf_char(&slot->answer, '\0');
	if (!slot->answer.err) {
		ret->body = slot->answer.data;
		ret->len = slot->answer.len - 1;
	} else {
		ret->cut = true;
	}
	if (!ret->status)
		text_sanitise(ret->why, sizeof(ret->why), slot->error, strlen(slot->error));
	return true;
}
