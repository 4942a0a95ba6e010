// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_deferred.c - requests whose answers come later: who waits, how many may, who gets which answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../lib/http_contents.h"
#include "http/deferred.h"
#include "http/routes.h"

static struct {
	unsigned int asked, refuse;
	unsigned int ask;
	bool gzip;
	char query[4096];
	__u64 job;
} backend;

static unsigned int on_ask(void *ctx, unsigned int ask, const char *query, bool gzip, __u64 job,
			   const char **ret_why)
{
	(void)ctx;
	backend.asked++;
	backend.ask = ask;
	backend.gzip = gzip;
	backend.job = job;
	snprintf(backend.query, sizeof(backend.query), "%s", query);
	*ret_why = "no such thing";
	return backend.refuse;
}

static const char *const paths[] = { "/api/v1/range", "/api/v1/instant" };
static const struct http_callbacks callbacks = {
	TEST_CONTENTS, .asks = paths, .nasks = 2, .ask = on_ask, .answers_most = 1000,
};
static struct conns table;
static struct routes routes;
static struct deferred deferred;
static struct query query;

static int setup(void **state)
{
	(void)state;
	memset(&backend, 0, sizeof(backend));
	memset(&table, 0, sizeof(table));
	memset(&deferred, 0, sizeof(deferred));
	memset(&query, 0, sizeof(query));
	routes_init(&routes, &callbacks, "1");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	routes_done(&routes);
	return 0;
}

static struct request request(const char *target)
{
	struct request r = { .method = "GET",
			     .version = "HTTP/1.1",
			     .target = target,
			     .host = "localhost",
			     .hosts = 1,
			     .check_host = true };

	negotiation_init(&r.negotiation, test_contents, CONTENTS);
	negotiation_accept_encoding(&r.negotiation, "gzip");
	return r;
}

static const char *header(const struct answer *a, const char *name)
{
	unsigned int i;

	for (i = 0; i < a->nheaders; i++)
		if (!strcmp(a->headers[i].name, name))
			return a->headers[i].value;
	return "";
}

static bool begin(struct conn *c, struct request *r)
{
	int ask = routes_find_ask(&routes, r);

	return ask >= 0 && deferred_begin(&deferred, &routes, &table, c, r, ask, &query);
}

/* Whoever says that it cannot be had now, or too often: the answer says when to come again, and no other does. */
static void when_to_come_again(void **state)
{
	static const unsigned int statuses[] = { 200, 404, 503 };
	struct request r = request("/api/v1/range");
	struct conn *c = conns_add(&table, 3, 0);
	struct answer a;
	unsigned int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct buf text;
		const struct http_said said = { .status = statuses[i],
						.type = "application/json",
						.text = &text };

		buf_init(&text, 100);
		buf_str(&text, "{}");
		assert_true(begin(c, &r));
		assert_ptr_equal(deferred_answer(&routes, &table, backend.job, &said), c);
		deferred_take(c, &r);
		routes_answer(&routes, &r, &a);
		assert_string_equal(header(&a, "Retry-After"), statuses[i] == 503 ? "2" : "");
		page_put(a.page);
		deferred_done(c);
	}
	r = request("/api/v1/range");
	r.refused = 429;
	r.retry_after_s = 77;
	routes_answer(&routes, &r, &a);
	assert_string_equal(header(&a, "Retry-After"), "77");
}

/* A path, a query and an answer; the answer's text changes hands. */
static void one_waits_for_its_answer(void **state)
{
	struct request r = request("/api/v1/instant");
	struct http_said said = { .status = 200, .type = "application/json", .policy = "p" };
	struct conn *c = conns_add(&table, 3, 0), *other = conns_add(&table, 4, 0);
	struct answer a;
	struct buf text;

	(void)state;
	query_add(&query, "at", "5");
	query_add(&query, "x", NULL);
	assert_true(begin(c, &r));
	assert_int_equal(backend.ask, 1);
	assert_true(backend.gzip);
	assert_string_equal(backend.query, "at=5&x");
	assert_true(begin(other, &r));
	buf_init(&text, 100);
	buf_str(&text, "{}");
	said.text = &text;
	assert_null(deferred_answer(&routes, &table, backend.job + 1, &said));
	assert_ptr_equal(deferred_answer(&routes, &table, backend.job - 1, &said), c);
	assert_int_equal(text.len, 0);
	assert_null(deferred_answer(&routes, &table, backend.job - 1, &said)); /* once */
	deferred_take(c, &r);
	routes_answer(&routes, &r, &a);
	assert_int_equal(a.status, 200);
	assert_memory_equal(a.body, "{}", 2);
	assert_int_equal(a.body_len, 2);
	deferred_done(c);
	assert_int_equal(c->deferral, DEFERRAL_NONE);
	assert_memory_equal(a.body, "{}", 2); /* it lives as long as who sends it */
	page_put(a.page);
	deferred_done(other);
	buf_done(&text);
}

static void too_many_do_not_wait(void **state)
{
	struct request r;
	struct answer a;
	unsigned int i;

	(void)state;
	for (i = 0; i <= DEFERRED_MAX; i++) {
		r = request("/api/v1/range");
		assert_int_equal(begin(conns_add(&table, 3, 0), &r), i < DEFERRED_MAX);
	}
	assert_int_equal(backend.asked, DEFERRED_MAX);
	routes_answer(&routes, &r, &a);
	assert_int_equal(a.status, 503);
	assert_non_null(strstr(a.body, "{\"error\":\"too many"));
	assert_string_equal(header(&a, "Retry-After"), "2");
	deferred_give_up(&table.slots[0], NULL);
	r = request("/api/v1/range");
	assert_true(begin(conns_add(&table, 3, 0), &r));
	deferred_take(&table.slots[0], &r);
	routes_answer(&routes, &r, &a);
	assert_int_equal(a.status, 503);
	assert_non_null(strstr(a.body, "no answer in time"));
	deferred_give_up(&table.slots[1], "nobody is there");
	deferred_take(&table.slots[1], &r);
	routes_answer(&routes, &r, &a);
	assert_int_equal(a.status, 503);
	assert_string_equal(a.body, "{\"error\":\"nobody is there\",\"status\":503}\n");
	deferred_done(&table.slots[1]);
	deferred_give_up(&table.slots[1], NULL); /* another request of it: not the same words */
	deferred_take(&table.slots[1], &r);
	assert_non_null(strstr(r.why, "no answer in time"));
}

static struct conn *answer_to(unsigned int bytes, const char *why, struct buf *text)
{
	const struct http_said said = { .status = 200, .type = "application/json", .text = text };
	struct request r = request("/api/v1/range");
	struct conn *c = conns_add(&table, 3, 0);

	buf_init(text, 10000);
	while (text->len < bytes)
		buf_char(text, ' ');
	assert_true(begin(c, &r));
	assert_ptr_equal(deferred_answer(&routes, &table, backend.job, &said), c);
	deferred_take(c, &r);
	assert_int_equal(c->said != NULL, !why);
	if (why)
		assert_non_null(strstr(r.why, why));
	return c;
}

/* Answers that nobody reads to the end take room, and what has none is not kept. */
static void slow_readers_hold_a_bounded_room(void **state)
{
	struct conn *first, *second, *third;
	struct request r = request("/api/v1/range");
	struct buf text;

	(void)state;
	first = answer_to(300, NULL, &text); /* takes 512 */
	assert_int_equal(text.len, 0);
	second = answer_to(300, "still being read", &text);
	assert_int_equal(text.len, 300); /* its maker's again */
	buf_done(&text);
	third = answer_to(200, NULL, &text);
	deferred_done(first);
	deferred_done(second);
	deferred_done(third);
	first = answer_to(3000, NULL, &text); /* alone: whatever it has */
	second = conns_add(&table, 3, 0);
	backend.asked = 0;
	assert_false(begin(second, &r));
	assert_int_equal(r.unasked, 503);
	assert_int_equal(backend.asked, 0); /* nor is it made in vain */
	deferred_done(first);
	r = request("/api/v1/range");
	assert_true(begin(second, &r));
	deferred_done(second);
}

/* What is refused waits for nobody, and nobody is asked who need not be. */
static void refusals(void **state)
{
	struct request r = request("/api/v1/range");
	struct conn *c = conns_add(&table, 3, 0);
	struct answer a;
	int i;

	(void)state;
	backend.refuse = 404;
	assert_false(begin(c, &r));
	routes_answer(&routes, &r, &a);
	assert_int_equal(a.status, 404);
	assert_string_equal(a.body, "{\"error\":\"no such thing\",\"status\":404}\n");
	backend.refuse = backend.asked = 0;
	r = request("/metrics");
	assert_false(begin(c, &r));
	r = request("/api/v1/range");
	r.method = "POST";
	assert_false(begin(c, &r));
	r = request("/api/v1/range");
	r.host = "evil.example";
	assert_false(begin(c, &r));
	r = request("/api/v1/range");
	r.refused = 401;
	assert_false(begin(c, &r));
	r = request("/api/v1/range");
	for (i = 0; i < 1000; i++)
		query_add(&query, "points", "100");
	assert_false(begin(c, &r));
	assert_int_equal(r.unasked, 414);
	assert_int_equal(backend.asked, 0);
	assert_int_equal(c->deferral, DEFERRAL_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(when_to_come_again, setup, teardown),
		cmocka_unit_test_setup_teardown(one_waits_for_its_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(too_many_do_not_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(slow_readers_hold_a_bounded_room, setup, teardown),
		cmocka_unit_test_setup_teardown(refusals, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
