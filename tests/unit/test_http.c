// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_http.c - what surrounds the sockets: addresses, requests, connections, pages.
 *
 * Owns: the pure parts of the HTTP server with time and failures given as values; the
 * protocol over sockets is in tests/e2e/test_http.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <zlib.h>

#include "base/gzip.h"
#include "http/conns.h"
#include "http/http.h"
#include "http/page_cache.h"
#include "http/request.h"
#include "http/routes.h"

#include "../lib/http_contents.h"

/* --- Addresses. --------------------------------------------------------------------- */

static void test_addresses(void **state)
{
	static const struct {
		const char *text, *shown;
		bool loopback;
	} good[] = {
		{ "127.0.0.1:9838", "127.0.0.1:9838", true },
		{ "127.9.9.9:0", "127.9.9.9:0", true },
		{ "localhost:80", "127.0.0.1:80", true },
		{ "[::1]:65535", "[::1]:65535", true },
		{ ":9838", "[::]:9838", false },
		{ "0.0.0.0:1", "0.0.0.0:1", false },
		{ "[::]:1", "[::]:1", false },
		{ "[::ffff:127.0.0.1]:1", "[::ffff:127.0.0.1]:1", false },
		{ "192.0.2.1:1", "192.0.2.1:1", false },
		{ "unix:/run/x.sock", "unix:/run/x.sock", true },
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct http_address a;
		const char *why = NULL;
		char text[128];

		assert_int_equal(http_address_parse(good[i].text, &a, &why), 0);
		http_address_format(&a, text, sizeof(text));
		assert_string_equal(text, good[i].shown);
		assert_int_equal(a.loopback, good[i].loopback);
	}
}

static void test_bad_addresses(void **state)
{
	static const char *const bad[] = {
		"",
		"9838",
		"127.0.0.1",
		"127.0.0.1:",
		"127.0.0.1:65536",
		"127.0.0.1:-1",
		"127.0.0.1: 1",
		"127.0.0.1:1x",
		"::1:80",
		"[::1]",
		"[::1]80",
		"[127.0.0.1]:80",
		"[::1:80",
		"host.example:80",
		"127.1:80",
		"[]:80",
		"unix:",
		"Localhost :1",
	};
	char path[160] = "unix:";

	memset(path + 5, 'p', 108);
	for (size_t i = 0; i <= sizeof(bad) / sizeof(bad[0]); i++) {
		const char *text = i < sizeof(bad) / sizeof(bad[0]) ? bad[i] : path;
		struct http_address a = { .family = 77 };
		const char *why = NULL;

		if (http_address_parse(text, &a, &why) != -EINVAL)
			fail_msg("\"%s\" was accepted", text);
		assert_non_null(why);
		assert_int_equal(a.family, 77);
	}
}

/* --- Requests. ---------------------------------------------------------------------- */

static enum host_kind kind_of(const char *host)
{
	return host_classify(host, strlen(host), "box.example.org");
}

static void test_hosts(void **state)
{
	static const char *const local[] = {
		"localhost",
		"LOCALHOST:80",
		"localhost.",
		"127.0.0.1",
		"10.0.0.1:65535",
		"[::1]",
		"[::1]:80",
		"box",
		"box:1",
		"box.example.org",
		"BOX.example.ORG:9838",
		"",
		":80",
		"under_score",
		"a:", /* an empty port: RFC 3986 allows it */
	};
	static const char *const foreign[] = {
		"evil.example", "evil.example:80", "127.0.0.1.evil.example",	   "127.1",
		"1.2.3.4.",	"x.localhost",	   "box.example.org.evil.example",
	};
	static const char *const malformed[] = {
		" ",	  "a b", "a:b", "a:123456", "[",	  "[]",	  "[::1",
		"[::1]x", "[g]", "a@b", "a/b",	    "[::1%eth0]", "\x80",
	};

	for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		assert_int_equal(kind_of(local[i]), HOST_LOCAL);
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		assert_int_equal(kind_of(foreign[i]), HOST_FOREIGN);
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		if (kind_of(malformed[i]) != HOST_MALFORMED)
			fail_msg("\"%s\" is not malformed", malformed[i]);
	}
	assert_int_equal(host_classify("box.example.org", 15, NULL), HOST_FOREIGN);
}

static struct request plain_request(void)
{
	struct request r = { .method = "GET",
			     .version = "HTTP/1.1",
			     .target = "/metrics",
			     .uri_len = 8,
			     .header_bytes = 100,
			     .check_host = true };

	negotiation_init(&r.negotiation, test_contents, CONTENTS);
	request_add_header(&r, "host", "localhost");
	return r;
}

static void expect_fault(struct request r, unsigned int want)
{
	const char *path = "untouched";

	assert_int_equal(request_check(&r, &path), want);
	if (want)
		assert_string_equal(path, "untouched");
}

static void test_request_faults(void **state)
{
	struct request r = plain_request();

	expect_fault(r, 0);
	r.uri_len = REQUEST_URI_MAX;
	r.header_bytes = REQUEST_HEADER_MAX;
	expect_fault(r, 0);
	r.uri_len++;
	expect_fault(r, 414);
	r = plain_request();
	r.header_bytes = REQUEST_HEADER_MAX + 1;
	expect_fault(r, 431);
	r = plain_request();
	r.method = "GETS";
	expect_fault(r, 405);
	r.version = "HTTP/1.10";
	expect_fault(r, 400);
	r.version = "HTTP/3.0";
	expect_fault(r, 505);
	r.version = "";
	expect_fault(r, 400);
	r = plain_request();
	request_add_header(&r, "HOST", "localhost");
	expect_fault(r, 400);
	r = plain_request();
	request_add_header(&r, "Content-Length", "0");
	assert_false(r.has_body);
	expect_fault(r, 0);
	request_add_header(&r, "Transfer-Encoding", "chunked");
	assert_true(r.has_body);
	expect_fault(r, 400);
	r = plain_request();
	r.host = "evil.example";
	expect_fault(r, 403);
	r.check_host = false;
	expect_fault(r, 0);
}

static void test_targets(void **state)
{
	static const struct {
		const char *target, *path;
	} good[] = {
		{ "/metrics", "/metrics" },
		{ "http://localhost/metrics", "/metrics" },
		{ "HTTP://[::1]:80/a/b", "/a/b" },
		{ "http://localhost", "/" },
		{ "*", "*" },
	};
	struct request r = plain_request();

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const char *path = NULL;

		r.target = good[i].target;
		assert_int_equal(request_check(&r, &path), 0);
		assert_string_equal(path, good[i].path);
	}
	r.target = "http://evil.example/metrics";
	expect_fault(r, 403);
	r.target = "http://";
	expect_fault(r, 400);
	r.target = "http:///metrics";
	expect_fault(r, 400);
	r.target = "http://:80/metrics";
	expect_fault(r, 400);
}

/* --- Connections. ------------------------------------------------------------------- */

static struct conns table;

static int conns_setup(void **state)
{
	memset(&table, 0, sizeof(table));
	return 0;
}

static void test_deadlines(void **state)
{
	struct conn *c = conns_add(&table, 5, 1000);

	assert_non_null(c);
	assert_int_equal(table.alive, 1);
	assert_int_equal(c->deadline_ms, 11000);
	conn_enter(c, PHASE_ANSWER, 3000);
	assert_int_equal(c->deadline_ms, 13000);
	conn_enter(c, PHASE_IDLE, 4000);
	assert_true(c->deadline_ms >= 4000 + 75000);
	conns_end(&table, c);
	conns_end(&table, c);
	assert_int_equal(table.alive, 0);
	assert_true(c->used);
	conns_remove(&table, c);
	assert_int_equal(table.alive, 0);
	assert_false(c->used);
}

static void test_slots_run_out(void **state)
{
	for (int i = 0; i < CONN_SLOTS; i++)
		assert_non_null(conns_add(&table, i, 0));
	assert_null(conns_add(&table, 999, 0));
	conns_remove(&table, &table.slots[7]);
	assert_ptr_equal(conns_add(&table, 999, 0), &table.slots[7]);
}

static struct conn *add_in(enum phase phase, __u64 since_ms)
{
	struct conn *c = conns_add(&table, 3, since_ms);

	conn_enter(c, phase, since_ms);
	return c;
}

static void test_who_must_go(void **state)
{
	const __u64 now = 100000;
	struct conn *busy, *late_answer, *trusted, *fresh, *idle, *idle_old, *stale;

	assert_null(conns_worst(&table, now));
	busy = add_in(PHASE_ANSWER, now - 4999);
	assert_null(conns_worst(&table, now));
	late_answer = add_in(PHASE_ANSWER, now - 5000);
	assert_ptr_equal(conns_worst(&table, now), late_answer);
	trusted = add_in(PHASE_IDLE, now - 80000);
	trusted->trusted = true;
	assert_ptr_equal(conns_worst(&table, now), trusted);
	fresh = add_in(PHASE_HEADER, now - 1999);
	assert_ptr_equal(conns_worst(&table, now), fresh);
	idle = add_in(PHASE_IDLE, now - 1);
	assert_ptr_equal(conns_worst(&table, now), idle);
	idle_old = add_in(PHASE_IDLE, now - 2);
	assert_ptr_equal(conns_worst(&table, now), idle_old);
	stale = add_in(PHASE_HEADER, now - 2000);
	assert_ptr_equal(conns_worst(&table, now), stale);
	conns_end(&table, stale);
	assert_ptr_equal(conns_worst(&table, now), idle_old);
	assert_true(busy->used);
}

/* --- Pages. ------------------------------------------------------------------------- */

struct backend {
	__s64 generation;
	int renders, err;
	bool is_ready;
};

static __s64 on_refresh(void *ctx)
{
	return ((struct backend *)ctx)->generation;
}

static int on_render(void *ctx, unsigned int page, unsigned int content, struct buf *out)
{
	struct backend *b = ctx;

	b->renders++;
	for (int i = 0; i < 20000; i++)
		buf_printf(out, "d%u generation %lld\n", content, (long long)b->generation);
	return b->err;
}

static bool on_ready(void *ctx)
{
	return ((struct backend *)ctx)->is_ready;
}

static struct backend backend;
static struct page_cache cache;
static const struct http_callbacks callbacks = { &backend, on_refresh, on_render, on_ready,
						 TEST_CONTENTS };

static int pages_setup(void **state)
{
	backend = (struct backend){ .generation = 1 };
	page_cache_init(&cache);
	return 0;
}

static struct page *get(unsigned int content, bool gzip)
{
	struct page *page = NULL;

	assert_int_equal(page_cache_get(&cache, &callbacks, 0, content, gzip, &page), 0);
	assert_int_equal(page->gzip, gzip);
	return page;
}

static void test_pages_are_shared(void **state)
{
	struct page *a = get(TEXT, false), *b = get(TEXT, false);
	struct page *z = get(TEXT, true), *om = get(OPENMETRICS, false), *next;

	assert_ptr_equal(a, b);
	assert_ptr_not_equal(a, om);
	assert_int_equal(backend.renders, 2);
	assert_int_equal(a->refs, 3);
	backend.generation = 2;
	next = get(TEXT, false);
	assert_int_equal(backend.renders, 3);
	assert_ptr_not_equal(next, a);
	/* The readers of the first generation still have it. */
	assert_int_equal(a->refs, 2);
	assert_memory_equal(a->text.data, "d1 generation 1\n", 16);
	assert_memory_equal(next->text.data, "d1 generation 2\n", 16);
	page_put(a);
	page_put(b);
	page_put(z);
	page_put(om);
	page_cache_done(&cache);
	assert_int_equal(next->refs, 1);
	page_put(next);
}

static void test_failures_leave_no_page(void **state)
{
	struct page *page = NULL;

	backend.generation = -ESRCH;
	assert_int_equal(page_cache_get(&cache, &callbacks, 0, TEXT, false, &page), -ESRCH);
	backend.generation = 1;
	backend.err = -ENOSPC;
	assert_int_equal(page_cache_get(&cache, &callbacks, 0, TEXT, true, &page), -ENOSPC);
	assert_null(page);
	backend.err = 0;
	page_put(get(TEXT, true));
	assert_int_equal(backend.renders, 2);
	page_cache_done(&cache);
}

static void test_gzip_round_trip(void **state)
{
	static char plain[500000], back[sizeof(plain)];
	z_stream z = { 0 };
	struct buf out;

	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (char)(i * 2654435761u >> 13);
	buf_init(&out, 1 << 20);
	assert_int_equal(gzip_encode(&out, plain, sizeof(plain)), 0);
	z.next_in = (Bytef *)out.data;
	z.avail_in = (uInt)out.len;
	z.next_out = (Bytef *)back;
	z.avail_out = sizeof(back);
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.total_out, sizeof(plain));
	assert_int_equal(z.avail_in, 0);
	inflateEnd(&z);
	assert_memory_equal(plain, back, sizeof(plain));
	buf_done(&out);
	buf_init(&out, 1000);
	assert_true(gzip_encode(&out, plain, sizeof(plain)) < 0);
	buf_done(&out);
}

/* --- Answers. ----------------------------------------------------------------------- */

static const char *header(const struct answer *a, const char *name)
{
	for (unsigned int i = 0; i < a->nheaders; i++) {
		if (!strcmp(a->headers[i].name, name))
			return a->headers[i].value;
	}
	return NULL;
}

static void test_answers(void **state)
{
	struct request r = plain_request();
	struct routes routes;
	struct answer a;

	routes_init(&routes, &callbacks, "1.0<script>");
	assert_null(strstr(routes.index, "<script"));
	routes_answer(&routes, &r, &a);
	assert_int_equal(a.status, 200);
	assert_non_null(a.page);
	page_put(a.page);
	assert_null(header(&a, "Connection"));
	backend.err = -EIO;
	backend.generation = 2;
	routes_answer(&routes, &r, &a);
	assert_int_equal(a.status, 503);
	assert_null(a.page);
	assert_non_null(strstr(a.body, "-EIO"));
	r.target = "/-/ready";
	routes_answer(&routes, &r, &a);
	assert_int_equal(a.status, 503);
	backend.is_ready = true;
	r.has_body = true;
	routes_answer(&routes, &r, &a);
	assert_int_equal(a.status, 200);
	assert_string_equal(header(&a, "Connection"), "close");
	assert_string_equal(header(&a, "Cache-Control"), "no-store");
	assert_int_equal(routes.scrapes, 1);
	assert_int_equal(routes.scrape_errors, 1);
	routes_done(&routes);
}

/* What goes wrong below /api/ is said in JSON, and only there; the status and other headers stay. */
static void test_faults_of_the_api(void **state)
{
	struct request r = plain_request();
	struct routes routes;
	struct answer a;

	routes_init(&routes, &callbacks, "1");
	r.target = "/api/v1/none";
	routes_answer(&routes, &r, &a);
	assert_int_equal(a.status, 404);
	assert_string_equal(header(&a, "Content-Type"), "application/json; charset=utf-8");
	assert_string_equal(a.body,
			    "{\"error\":\"not found: / shows what there is\",\"status\":404}\n");
	assert_int_equal(a.body_len, strlen(a.body));
	assert_true(a.in_text);
	r.method = "POST";
	routes_answer(&routes, &r, &a);
	assert_int_equal(a.status, 405);
	assert_string_equal(header(&a, "Allow"), "GET, HEAD");
	assert_non_null(strstr(a.body, "{\"error\":\"only GET and HEAD\""));
	r.target = "/apix";
	routes_answer(&routes, &r, &a);
	assert_string_equal(a.body, "only GET and HEAD\n");
	assert_null(header(&a, "Access-Control-Allow-Origin"));
	routes_done(&routes);
}

/* It is made once, however often the view is another one, and needs none. */
static void test_files_outlive_generations(void **state)
{
	static const struct http_page file = { "/x.js", { TEXT }, 1, HTTP_FILE };
	struct http_callbacks with_file = callbacks;
	struct page *a = NULL, *b = NULL, *metrics;

	with_file.pages = &file;
	backend.generation = -ESRCH;
	assert_int_equal(page_cache_get(&cache, &with_file, 0, TEXT, true, &a), 0);
	backend.generation = 5;
	assert_int_equal(page_cache_get(&cache, &with_file, 0, TEXT, true, &b), 0);
	assert_ptr_equal(a, b);
	assert_int_equal(backend.renders, 1);
	metrics = get(TEXT, false); /* of a page that is none: the generation counts */
	assert_int_equal(backend.renders, 2);
	page_put(metrics);
	page_put(a);
	page_put(b);
	page_cache_done(&cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_bad_addresses),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_request_faults),
		cmocka_unit_test(test_targets),
		cmocka_unit_test_setup(test_deadlines, conns_setup),
		cmocka_unit_test_setup(test_slots_run_out, conns_setup),
		cmocka_unit_test_setup(test_who_must_go, conns_setup),
		cmocka_unit_test_setup(test_faults_of_the_api, pages_setup),
		cmocka_unit_test_setup(test_files_outlive_generations, pages_setup),
		cmocka_unit_test_setup(test_pages_are_shared, pages_setup),
		cmocka_unit_test_setup(test_failures_leave_no_page, pages_setup),
		cmocka_unit_test(test_gzip_round_trip),
		cmocka_unit_test_setup(test_answers, pages_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
