// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_auth.c - Authorization headers, one a line: who knows no secret never gets in, bounds hold.
 *
 * The verifier says no to all but the one right password, which only the fuzzer could guess.
 */
#include "fuzz.h"

#include "http/auth.h"

#define HASH "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"

static struct auth *make(void)
{
	static struct access access;
	struct auth *auth = NULL;

	access.users[0] = (struct access_user){ "alice", HASH };
	access.users[1] = (struct access_user){ "", HASH };
	access.nusers = 2;
	access.tokens[0] = (struct access_blob){ "0123456789abcdef", 16 };
	access.ntokens = 1;
	FUZZ_CHECK(!auth__new(&auth) && !auth__configure(auth, &access));
	return auth;
}

static bool is_right(const struct password_ask *ask)
{
	FUZZ_CHECK(memchr(ask->hash, 0, sizeof(ask->hash)));
	FUZZ_CHECK(memchr(ask->password, 0, sizeof(ask->password)));
	FUZZ_CHECK(strlen(ask->hash) == BCRYPT_HASH_LEN);
	return !strcmp(ask->hash, HASH) && !strcmp(ask->password, "secret");
}

static void check_verdict(const char *header, enum auth_verdict verdict, bool verified)
{
	if (verdict == AUTH_OK)
		FUZZ_CHECK(verified || strstr(header, "0123456789abcdef"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size), *rest = text, *line;
	struct auth *auth = make();
	bool verified = false;
	__u64 now_ms = 0, job;
	unsigned int waiting = 0;

	while ((line = strsep(&rest, "\n"))) {
		/* The first letter: from where, and whether the verifier has its turn. */
		struct auth_address from = { 2, { 10, 0, 0, (unsigned char)(*line % 8) } };
		enum auth_verdict verdict;
		struct password_ask ask;

		verdict = auth__check(auth, *line ? line + 1 : NULL, &from, now_ms, &job);
		check_verdict(*line ? line + 1 : "", verdict, verified);
		waiting += verdict == AUTH_WAIT;
		if (*line % 2 && auth__next(auth, &ask)) {
			struct password_said said = { .id = ask.id, .matches = is_right(&ask) };

			verified |= said.matches;
			verdict = auth__answer(auth, &said);
			FUZZ_CHECK(verdict == (said.matches ? AUTH_OK : AUTH_DENIED));
		}
		now_ms += (unsigned char)*line;
	}
	for (unsigned int n = 0; auth__abandon(auth, &job); n++)
		FUZZ_CHECK(n < AUTH_JOBS_MAX && n < waiting);
	auth__free(auth);
	free(text);
	return 0;
}
