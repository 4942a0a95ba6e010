// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_auth.c - who may be answered: token buckets, known credentials, the queue, addresses.
 *
 * Owns: the order and the bounds, with time given; bcrypt itself is played by the test, which knows the
 * passwords. crypt(3) and sockets are tests/e2e/test_web.py's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <nettle/base64.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/token_bucket.h"
#include "http/auth.h"

#define HASH_A "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"
#define HASH_B "$2b$12$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"

static const struct auth_address here = { AF_INET, { 192, 0, 2, 1 } };
static const struct auth_address there = { AF_INET, { 192, 0, 2, 2 } };

/* --- Token buckets. ----------------------------------------------------------------- */

static void test_bucket(void **state)
{
	struct token_bucket b;

	token_bucket_init(&b, 100, 3, 1000);
	for (int i = 0; i < 3; i++)
		assert_true(token_bucket_take(&b, 1000));
	assert_false(token_bucket_take(&b, 1000));
	assert_int_equal(token_bucket_wait(&b), 100);
	assert_false(token_bucket_take(&b, 1099));
	assert_int_equal(token_bucket_wait(&b), 1);
	assert_true(token_bucket_take(&b, 1100));
	assert_false(token_bucket_take(&b, 1199)); /* a refused one costs nothing, parts are kept */
	assert_true(token_bucket_take(&b, 1200));
	for (int i = 0; i < 3; i++) /* no more than its burst accrues */
		assert_true(token_bucket_take(&b, 100000000));
	assert_false(token_bucket_take(&b, 100000000));
	assert_false(token_bucket_take(&b, 5)); /* a clock that runs backwards gives nothing */
	assert_true(token_bucket_take(&b, 100000100));
	token_bucket_give_back(&b);
	assert_true(token_bucket_take(&b, 100000100));
	for (int i = 0; i < 10; i++)
		token_bucket_give_back(&b);
	assert_int_equal(b.credit, 300);
}

static void test_bucket_without_limit(void **state)
{
	struct token_bucket b;

	token_bucket_init(&b, 0, 0, 0);
	for (int i = 0; i < 1000; i++)
		assert_true(token_bucket_take(&b, 0));
}

static void test_bucket_of_large_figures(void **state)
{
	struct token_bucket b;

	token_bucket_init(&b, 1ULL << 40, 1ULL << 22, 0);
	assert_true(token_bucket_take(&b, UINT64_MAX));
	assert_true(token_bucket_take(&b, UINT64_MAX));
	assert_int_equal(b.credit, (1ULL << 62) - (1ULL << 41));
}

/* --- Credentials. ------------------------------------------------------------------- */

static struct auth *auth_of(const struct access *access)
{
	struct auth *auth = NULL;

	assert_int_equal(auth__new(&auth), 0);
	assert_int_equal(auth__configure(auth, access), 0);
	return auth;
}

static void add_user(struct access *access, const char *name, const char *hash)
{
	access->users[access->nusers++] = (struct access_user){ name, hash };
}

static void add_token(struct access *access, const char *token)
{
	access->tokens[access->ntokens++] = (struct access_blob){ token, strlen(token) };
}

static const char *basic_bytes(const char *login, size_t len)
{
	static char header[2048];

	assert_true(len < 1024);
	memcpy(header, "Basic ", 7);
	base64_encode_raw(header + 6, len, (const uint8_t *)login);
	header[6 + BASE64_ENCODE_RAW_LENGTH(len)] = '\0';
	return header;
}

static const char *basic(const char *login)
{
	return basic_bytes(login, strlen(login));
}

/* As the verifier would: these are the passwords of HASH_A and HASH_B. */
static bool is_right(const struct password_ask *ask)
{
	return (!strcmp(ask->hash, HASH_A) && !strcmp(ask->password, "a")) ||
	       (!strcmp(ask->hash, HASH_B) && !strcmp(ask->password, "b"));
}

/* Asks, and verifies what is to be verified. */
static enum auth_verdict login_from(struct auth *auth, const char *text,
				    const struct auth_address *from, __u64 now_ms)
{
	struct password_ask ask;
	__u64 job = 0;
	enum auth_verdict verdict = auth__check(auth, basic(text), from, now_ms, &job);

	if (verdict != AUTH_WAIT)
		return verdict;
	assert_true(auth__next(auth, &ask));
	assert_int_equal(ask.id, job);
	return auth__answer(auth, &(struct password_said){ .id = job, .matches = is_right(&ask) });
}

static enum auth_verdict login(struct auth *auth, const char *text)
{
	return login_from(auth, text, &here, 0);
}

static bool is_known(struct auth *auth, const char *text)
{
	__u64 job;
	enum auth_verdict verdict = auth__check(auth, basic(text), &here, 0, &job);

	if (verdict == AUTH_WAIT)
		auth__abandon(auth, &job);
	return verdict == AUTH_OK;
}

static void test_nobody_is_asked(void **state)
{
	static const struct access access;
	struct auth *auth = auth_of(&access);
	__u64 job;

	assert_false(auth__asks(auth));
	assert_int_equal(auth__check(auth, NULL, &here, 0, &job), AUTH_OK);
	assert_int_equal(auth__check(auth, "Basic !", &here, 0, &job), AUTH_OK);
	auth__free(auth);
}

static void test_passwords(void **state)
{
	static struct access access;
	struct auth *auth;
	__u64 job;

	add_user(&access, "alice", HASH_A);
	add_user(&access, "bob", HASH_B);
	auth = auth_of(&access);
	assert_int_equal(auth__check(auth, NULL, &here, 0, &job), AUTH_MISSING);
	assert_int_equal(login(auth, "alice:b"), AUTH_DENIED);
	assert_int_equal(login(auth, "alice:a"), AUTH_OK);
	assert_true(is_known(auth, "alice:a"));
	assert_false(is_known(auth, "alice:b"));
	assert_false(is_known(auth, "bob:a"));
	assert_int_equal(login(auth, "bob:b"), AUTH_OK);
	assert_int_equal(login(auth, "carol:a"), AUTH_DENIED);
	auth__free(auth);
}

static void test_headers_that_are_none(void **state)
{
	static const char *const bad[] = {
		"",	    "Basic",	   "Basic ",	      "Basic !!!!",
		"Digest a", "Basicx YTph", "Basic YTph YTph", "Bearer abc"
	};
	static struct access access;
	char longest[1500];
	struct auth *auth;
	__u64 job;

	add_user(&access, "alice", HASH_A);
	auth = auth_of(&access);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(auth__check(auth, bad[i], &here, 0, &job), AUTH_MISSING);
	assert_int_equal(auth__check(auth, basic("alice"), &here, 0, &job), AUTH_MISSING);
	/* A NUL ends a password for crypt(3): what is behind it must not be ignored. */
	assert_int_equal(auth__check(auth, basic_bytes("alice:a\0b", 9), &here, 0, &job),
			 AUTH_MISSING);
	memset(longest, 'A', sizeof(longest) - 1);
	memcpy(longest, "Basic ", 6);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(auth__check(auth, longest, &here, 0, &job), AUTH_MISSING);
	auth__free(auth);
}

/* What is known ends with the hash that it was verified against. */
static void test_new_hash_forgets(void **state)
{
	static struct access before, after, none;
	struct auth *auth;

	add_user(&before, "alice", HASH_A);
	add_user(&after, "alice", HASH_B);
	add_user(&none, "bob", HASH_B);
	auth = auth_of(&before);
	assert_int_equal(login(auth, "alice:a"), AUTH_OK);
	assert_int_equal(auth__configure(auth, &after), 0);
	assert_int_equal(login(auth, "alice:a"), AUTH_DENIED);
	assert_int_equal(login(auth, "alice:b"), AUTH_OK);
	assert_int_equal(auth__configure(auth, &none), 0);
	assert_int_equal(login(auth, "alice:b"), AUTH_DENIED);
	assert_int_equal(auth__configure(auth, &before), 0);
	assert_true(is_known(auth, "alice:a")); /* the same hash again: it was verified */
	auth__free(auth);
}

/* An unknown user costs what a user costs, and never gets in, whatever the verifier says. */
static void test_unknown_users(void **state)
{
	static struct access access;
	unsigned int cost_10 = 0, cost_12 = 0;
	struct auth *auth;

	add_user(&access, "alice", HASH_A);
	add_user(&access, "bob", HASH_B);
	auth = auth_of(&access);
	for (int i = 0; i < 64; i++) {
		struct auth_address from = { AF_INET, { 10, 0, (unsigned char)i, 1 } };
		struct password_ask ask, again;
		char text[40];
		__u64 job;

		snprintf(text, sizeof(text), "nobody%d:x", i);
		assert_int_equal(auth__check(auth, basic(text), &from, 0, &job), AUTH_WAIT);
		assert_true(auth__next(auth, &ask));
		assert_int_equal(strlen(ask.hash), BCRYPT_HASH_LEN);
		cost_10 += !strncmp(ask.hash, "$2b$10$", 7);
		cost_12 += !strncmp(ask.hash, "$2b$12$", 7);
		assert_int_equal(auth__answer(auth,
					      &(struct password_said){ .id = job, .matches = 1 }),
				 AUTH_DENIED);
		assert_int_equal(auth__check(auth, basic(text), &from, 0, &job), AUTH_WAIT);
		assert_true(auth__next(auth, &again));
		assert_string_equal(ask.hash, again.hash); /* always the same for a name */
		auth__abandon(auth, &job);
	}
	assert_int_equal(cost_10 + cost_12, 64);
	assert_true(cost_10 > 8 && cost_12 > 8);
	auth__free(auth);
}

/* --- The queue. --------------------------------------------------------------------- */

static void test_who_asks_the_same_shares_a_job(void **state)
{
	static struct access access;
	struct password_ask ask;
	__u64 first, second, third;
	struct auth *auth;

	add_user(&access, "alice", HASH_A);
	auth = auth_of(&access);
	assert_int_equal(auth__check(auth, basic("alice:a"), &here, 0, &first), AUTH_WAIT);
	assert_int_equal(auth__check(auth, basic("alice:a"), &there, 0, &second), AUTH_WAIT);
	assert_int_equal(auth__check(auth, basic("alice:x"), &there, 0, &third), AUTH_WAIT);
	assert_int_equal(first, second);
	assert_int_not_equal(first, third);
	assert_true(auth__next(auth, &ask));
	assert_string_equal(ask.password, "a");
	assert_false(auth__next(auth, &ask)); /* one at a time */
	/* An answer to something else is none. */
	assert_int_equal(auth__answer(auth, &(struct password_said){ .id = third, .matches = 1 }),
			 AUTH_DENIED);
	assert_int_equal(auth__answer(auth, &(struct password_said){ .id = first, .matches = 1 }),
			 AUTH_OK);
	assert_true(auth__next(auth, &ask));
	assert_int_equal(ask.id, third);
	auth__free(auth);
}

static void test_queue_is_bounded(void **state)
{
	static struct access access;
	struct auth *auth;
	__u64 job;
	int i, k;

	add_user(&access, "alice", HASH_A);
	auth = auth_of(&access);
	for (i = 0; i < AUTH_JOBS_MAX / AUTH_JOBS_PER_ADDRESS; i++) {
		struct auth_address from = { AF_INET, { 10, 0, 0, (unsigned char)i } };
		char text[40];

		for (k = 0; k < AUTH_JOBS_PER_ADDRESS; k++) {
			snprintf(text, sizeof(text), "alice:%d.%d", i, k);
			assert_int_equal(auth__check(auth, basic(text), &from, 0, &job), AUTH_WAIT);
		}
		/* This address has its share, though there is room. */
		assert_int_equal(auth__check(auth, basic("alice:one more"), &from, 0, &job),
				 AUTH_BUSY);
	}
	assert_int_equal(auth__check(auth, basic("alice:a"), &there, 0, &job), AUTH_BUSY);
	for (i = 0; auth__abandon(auth, &job); i++)
		;
	assert_int_equal(i, AUTH_JOBS_MAX);
	assert_int_equal(login_from(auth, "alice:a", &there, 0), AUTH_OK);
	auth__free(auth);
}

static void test_failures_are_limited_by_address(void **state)
{
	static struct access access;
	struct auth *auth;

	add_user(&access, "alice", HASH_A);
	add_user(&access, "bob", HASH_B);
	auth = auth_of(&access);
	assert_int_equal(login(auth, "alice:a"), AUTH_OK);
	for (int i = 0; i < AUTH_FAILURES; i++)
		assert_int_equal(login(auth, "alice:x"), AUTH_DENIED);
	assert_int_equal(login(auth, "alice:x"), AUTH_LIMITED);
	assert_int_equal(login(auth, "bob:b"), AUTH_LIMITED); /* right, and unknown so far */
	assert_int_equal(login(auth, "alice:a"), AUTH_OK); /* who is known goes on */
	assert_int_equal(login_from(auth, "bob:b", &there, 0), AUTH_OK);
	assert_int_equal(login_from(auth, "alice:y", &here, AUTH_FAILURE_MS - 1), AUTH_LIMITED);
	assert_int_equal(login_from(auth, "alice:y", &here, AUTH_FAILURE_MS), AUTH_DENIED);
	assert_int_equal(login_from(auth, "alice:y", &here, AUTH_FAILURE_MS), AUTH_LIMITED);
	auth__free(auth);
}

/* Success costs no token: a thousand different good logins are no attack. */
static void test_success_is_free(void **state)
{
	static struct access access;
	struct auth *auth;

	add_user(&access, "alice", HASH_A);
	auth = auth_of(&access);
	for (int i = 0; i < 3 * AUTH_FAILURES; i++) {
		static struct access other;

		other.nusers = 0;
		add_user(&other, "alice", i % 2 ? HASH_A : HASH_B);
		assert_int_equal(auth__configure(auth, &other), 0);
		assert_int_equal(login(auth, i % 2 ? "alice:a" : "alice:b"), AUTH_OK);
	}
	auth__free(auth);
}

/* More good credentials than the table has: the one unused for longest goes, nobody is shut out. */
static void test_many_known(void **state)
{
	static char names[AUTH_KNOWN_MAX + 8][16], texts[AUTH_KNOWN_MAX + 8][24];
	static struct access access;
	struct auth *auth;
	int i;

	for (i = 0; i < AUTH_KNOWN_MAX + 8; i++) {
		snprintf(names[i], sizeof(names[i]), "user%d", i);
		snprintf(texts[i], sizeof(texts[i]), "user%d:a", i);
		add_user(&access, names[i], HASH_A);
	}
	auth = auth_of(&access);
	for (i = 0; i < AUTH_KNOWN_MAX + 8; i++) {
		assert_int_equal(login(auth, texts[i]), AUTH_OK);
		assert_true(is_known(auth, texts[0])); /* in use: it stays */
	}
	assert_false(is_known(auth, texts[1]));
	assert_true(is_known(auth, texts[AUTH_KNOWN_MAX + 7]));
	auth__free(auth);
}

static void test_tokens(void **state)
{
	static struct access access, other;
	struct auth *auth;
	__u64 job;

	add_token(&access, "0123456789abcdef");
	add_token(&access, "fedcba9876543210");
	auth = auth_of(&access);
	assert_true(auth__takes_tokens(auth));
	assert_false(auth__takes_users(auth));
	assert_int_equal(auth__check(auth, NULL, &here, 0, &job), AUTH_MISSING);
	assert_int_equal(auth__check(auth, "Bearer 0123456789abcdef", &here, 0, &job), AUTH_OK);
	assert_int_equal(auth__check(auth, "bearer  fedcba9876543210", &here, 0, &job), AUTH_OK);
	assert_int_equal(auth__check(auth, "Bearer 0123456789abcde", &here, 0, &job), AUTH_DENIED);
	assert_int_equal(auth__check(auth, "Bearer ", &here, 0, &job), AUTH_DENIED);
	assert_int_equal(auth__check(auth, basic("alice:a"), &here, 0, &job), AUTH_MISSING);
	for (int i = 0; i < AUTH_FAILURES; i++)
		auth__check(auth, "Bearer x", &here, 0, &job);
	assert_int_equal(auth__check(auth, "Bearer x", &here, 0, &job), AUTH_LIMITED);
	assert_int_equal(auth__check(auth, "Bearer 0123456789abcdef", &here, 0, &job), AUTH_OK);
	add_token(&other, "aaaaaaaaaaaaaaaa");
	assert_int_equal(auth__configure(auth, &other), 0);
	assert_int_equal(auth__check(auth, "Bearer 0123456789abcdef", &there, 0, &job),
			 AUTH_DENIED);
	assert_int_equal(auth__check(auth, "Bearer aaaaaaaaaaaaaaaa", &there, 0, &job), AUTH_OK);
	auth__free(auth);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bucket),
		cmocka_unit_test(test_bucket_without_limit),
		cmocka_unit_test(test_bucket_of_large_figures),
		cmocka_unit_test(test_nobody_is_asked),
		cmocka_unit_test(test_passwords),
		cmocka_unit_test(test_headers_that_are_none),
		cmocka_unit_test(test_new_hash_forgets),
		cmocka_unit_test(test_unknown_users),
		cmocka_unit_test(test_who_asks_the_same_shares_a_job),
		cmocka_unit_test(test_queue_is_bounded),
		cmocka_unit_test(test_failures_are_limited_by_address),
		cmocka_unit_test(test_success_is_free),
		cmocka_unit_test(test_many_known),
		cmocka_unit_test(test_tokens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
