// SPDX-License-Identifier: GPL-2.0-only
/*
 * auth.c - see auth.h.
 *
 * Comparing: tags are HMAC-SHA256 under a key that nobody else has, and all of a table are
 * compared, each in the same time, so that neither the first differing byte nor the place of a match can
 * be seen. Parts of what is hashed have their lengths before them: "ab" + "c" is not "a" + "bc".
 */
#include "http/auth.h"

#include <errno.h>
#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "base/token_bucket.h"

enum { CREDENTIALS_MAX = 1024, TAG_LEN = SHA256_DIGEST_SIZE, USER_MAX = 512 };

struct tag {
	unsigned char bytes[TAG_LEN];
};

struct user {
	char *name;
	char hash[BCRYPT_HASH_LEN + 1];
};

struct known {
	bool used;
	struct tag tag;
	__u64 last; /* tick of its last use */
};

struct job {
	__u64 id; /* 0: free */
	bool real; /* the user exists */
	struct tag tag;
	struct auth_address from;
	struct password_ask ask;
};

struct culprit {
	struct auth_address address;
	struct token_bucket failures;
	__u64 last;
};

struct auth {
	struct hmac_sha256_ctx keyed; /* the key is in it; copied for each tag */
	struct user *users;
	unsigned int nusers;
	struct tag tokens[ACCESS_TOKENS_MAX];
	unsigned int ntokens;
	bool asks;
	struct known known[AUTH_KNOWN_MAX];
	struct job jobs[AUTH_JOBS_MAX]; /* oldest first, from 0 on */
	unsigned int njobs;
	bool asked; /* jobs[0] is under way */
	__u64 next_id, tick;
	struct culprit culprits[AUTH_ADDRESSES_MAX];
};

/* --- Tags. -------------------------------------------------------------------------- */

static void tag_part(struct hmac_sha256_ctx *ctx, const void *data, size_t len)
{
	const __u64 n = len;

	hmac_sha256_update(ctx, sizeof(n), (const uint8_t *)&n);
	hmac_sha256_update(ctx, len, data);
}

static struct tag tag_of_token(const struct auth *auth, const char *token, size_t len)
{
	struct hmac_sha256_ctx ctx = auth->keyed;
	struct tag tag;

	tag_part(&ctx, token, len);
	hmac_sha256_digest(&ctx, sizeof(tag.bytes), tag.bytes);
	return tag;
}

static struct tag tag_of_login(const struct auth *auth, const char *user, const char *hash,
			       const char *password)
{
	struct hmac_sha256_ctx ctx = auth->keyed;
	struct tag tag;

	tag_part(&ctx, user, strlen(user));
	tag_part(&ctx, hash, strlen(hash));
	tag_part(&ctx, password, strlen(password));
	hmac_sha256_digest(&ctx, sizeof(tag.bytes), tag.bytes);
	return tag;
}

static bool tag_is(const struct tag *a, const struct tag *b)
{
	return memeql_sec(a->bytes, b->bytes, sizeof(a->bytes));
}

static struct known *find_known(struct auth *auth, const struct tag *tag)
{
	struct known *found = NULL;

	for (unsigned int i = 0; i < AUTH_KNOWN_MAX; i++)
		if (tag_is(&auth->known[i].tag, tag) & auth->known[i].used)
			found = &auth->known[i];
	return found;
}

static void learn(struct auth *auth, const struct tag *tag)
{
	struct known *place = &auth->known[0];

	for (unsigned int i = 0; i < AUTH_KNOWN_MAX; i++) {
		struct known *k = &auth->known[i];

		if (!k->used) {
			place = k;
			break;
		}
		if (k->last < place->last)
			place = k;
	}
	*place = (struct known){ true, *tag, ++auth->tick };
}

/* --- Addresses. --------------------------------------------------------------------- */

static bool same_address(const struct auth_address *a, const struct auth_address *b)
{
	return a->family == b->family && !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

/* The one whose last attempt is longest ago makes room. */
static struct token_bucket *failures_of(struct auth *auth, const struct auth_address *from,
					__u64 now_ms)
{
	struct culprit *place = &auth->culprits[0];

	for (unsigned int i = 0; i < AUTH_ADDRESSES_MAX; i++) {
		struct culprit *c = &auth->culprits[i];

		if (c->last && same_address(&c->address, from)) {
			c->last = ++auth->tick;
			return &c->failures;
		}
		if (c->last < place->last)
			place = c;
	}
	place->address = *from;
	place->last = ++auth->tick;
	token_bucket_init(&place->failures, AUTH_FAILURE_MS, AUTH_FAILURES, now_ms);
	return &place->failures;
}

static void forgive(struct auth *auth, const struct auth_address *from)
{
	for (unsigned int i = 0; i < AUTH_ADDRESSES_MAX; i++) {
		struct culprit *c = &auth->culprits[i];

		if (c->last && same_address(&c->address, from))
			token_bucket_give_back(&c->failures);
	}
}

/* --- Reading the header. ------------------------------------------------------------ */

/* What follows a scheme's name and its blanks; NULL: it is another scheme. */
static const char *after_scheme(const char *header, const char *scheme)
{
	size_t len = strlen(scheme);

	if (strncasecmp(header, scheme, len) || header[len] != ' ')
		return NULL;
	return header + len + strspn(header + len, " ");
}

/* "dXNlcjpwYXNz" as two texts; false: it is nothing of that kind. */
static bool read_login(const char *text, char out[CREDENTIALS_MAX], const char **ret_password)
{
	struct base64_decode_ctx ctx;
	size_t len = strlen(text), n = CREDENTIALS_MAX;
	char *colon;

	while (len && text[len - 1] == ' ')
		len--;
	/* Nettle passes over blanks within; a client has none there. */
	if (BASE64_DECODE_LENGTH(len) >= CREDENTIALS_MAX || strcspn(text, " \t\r\n") < len)
		return false;
	base64_decode_init(&ctx);
	if (!base64_decode_update(&ctx, &n, (uint8_t *)out, len, text) ||
	    !base64_decode_final(&ctx))
		return false;
	out[n] = '\0';
	colon = strchr(out, ':');
	/* bcrypt would end at a NUL: what follows must not be taken for the password's. */
	if (strlen(out) != n || !colon || colon - out > USER_MAX)
		return false;
	*colon = '\0';
	*ret_password = colon + 1;
	return true;
}

/* --- Jobs. -------------------------------------------------------------------------- */

/* All are looked at: how long it takes says nothing of who exists. */
static const struct user *find_user(const struct auth *auth, const char *name)
{
	const struct user *found = NULL;

	for (unsigned int i = 0; i < auth->nusers; i++)
		if (!strcmp(auth->users[i].name, name))
			found = &auth->users[i];
	return found;
}

/* For who does not exist: always the same cost for the same name, as it is with users. */
static void hash_of_nobody(const struct auth *auth, const char *name,
			   char hash[BCRYPT_HASH_LEN + 1])
{
	const struct tag tag = tag_of_token(auth, name, strlen(name));
	const char *model = auth->nusers ? auth->users[tag.bytes[0] % auth->nusers].hash
					 : "$2b$10$";

	snprintf(hash, BCRYPT_HASH_LEN + 1, "$2b$%.2s$%s", model + 4,
		 "QOauhQNbBCuQDKes6eFzPe...............................");
}

static enum auth_verdict start_job(struct auth *auth, const char *name, const char *password,
				   const struct auth_address *from, __u64 now_ms, __u64 *ret_job)
{
	const struct user *user = find_user(auth, name);
	struct password_ask ask = { .id = 0 };
	unsigned int of_address = 0;
	struct known *known;
	struct job *job;
	struct tag tag;

	hash_of_nobody(auth, name, ask.hash);
	if (user)
		memcpy(ask.hash, user->hash, sizeof(ask.hash));
	tag = tag_of_login(auth, name, ask.hash, password);
	known = find_known(auth, &tag);
	if (known && user) {
		known->last = ++auth->tick;
		return AUTH_OK;
	}
	for (unsigned int i = 0; i < auth->njobs; i++) {
		if (tag_is(&auth->jobs[i].tag, &tag)) {
			*ret_job = auth->jobs[i].id;
			return AUTH_WAIT;
		}
		of_address += same_address(&auth->jobs[i].from, from);
	}
	if (auth->njobs == AUTH_JOBS_MAX || of_address == AUTH_JOBS_PER_ADDRESS)
		return AUTH_BUSY;
	/* Taken before, given back on success: attempts at the same time count, too. */
	if (!token_bucket_take(failures_of(auth, from, now_ms), now_ms))
		return AUTH_LIMITED;
	job = &auth->jobs[auth->njobs++];
	ask.id = ++auth->next_id;
	*job = (struct job){ ask.id, user != NULL, tag, *from, ask };
	/* There only, and wiped with it. */
	snprintf(job->ask.password, sizeof(job->ask.password), "%s", password);
	*ret_job = job->id;
	return AUTH_WAIT;
}

static void end_job(struct auth *auth)
{
	auth->njobs--;
	memmove(&auth->jobs[0], &auth->jobs[1], auth->njobs * sizeof(auth->jobs[0]));
	explicit_bzero(&auth->jobs[auth->njobs], sizeof(auth->jobs[0]));
	auth->asked = false;
}

/* --- What others ask. --------------------------------------------------------------- */

static enum auth_verdict check_token(struct auth *auth, const char *token,
				     const struct auth_address *from, __u64 now_ms)
{
	const struct tag tag = tag_of_token(auth, token, strlen(token));
	unsigned int matches = 0;

	for (unsigned int i = 0; i < auth->ntokens; i++)
		matches += tag_is(&auth->tokens[i], &tag);
	if (matches)
		return AUTH_OK;
	return token_bucket_take(failures_of(auth, from, now_ms), now_ms) ? AUTH_DENIED
									  : AUTH_LIMITED;
}

enum auth_verdict auth__check(struct auth *auth, const char *header,
			      const struct auth_address *from, __u64 now_ms, __u64 *ret_job)
{
	char login[CREDENTIALS_MAX];
	enum auth_verdict verdict = AUTH_MISSING;
	const char *text, *password;

	if (!auth->asks)
		return AUTH_OK;
	if (!header)
		return AUTH_MISSING;
	text = after_scheme(header, "Bearer");
	if (text && auth->ntokens)
		return check_token(auth, text, from, now_ms);
	text = after_scheme(header, "Basic");
	if (text && auth->nusers && read_login(text, login, &password))
		verdict = start_job(auth, login, password, from, now_ms, ret_job);
	explicit_bzero(login, sizeof(login));
	return verdict;
}

bool auth__next(struct auth *auth, struct password_ask *ret)
{
	if (!auth->njobs || auth->asked)
		return false;
	auth->asked = true;
	*ret = auth->jobs[0].ask;
	return true;
}

enum auth_verdict auth__answer(struct auth *auth, const struct password_said *said)
{
	struct job *job = &auth->jobs[0];
	bool good;

	if (!auth->njobs || !auth->asked || job->id != said->id)
		return AUTH_DENIED;
	good = said->matches && job->real;
	if (good) {
		learn(auth, &job->tag);
		forgive(auth, &job->from);
	}
	end_job(auth);
	return good ? AUTH_OK : AUTH_DENIED;
}

bool auth__abandon(struct auth *auth, __u64 *ret_job)
{
	if (!auth->njobs)
		return false;
	*ret_job = auth->jobs[0].id;
	forgive(auth, &auth->jobs[0].from);
	end_job(auth);
	return true;
}

bool auth__asks(const struct auth *auth)
{
	return auth->asks;
}

bool auth__takes_users(const struct auth *auth)
{
	return auth->nusers;
}

bool auth__takes_tokens(const struct auth *auth)
{
	return auth->ntokens;
}

/* --- Life. -------------------------------------------------------------------------- */

static void users_free(struct user *users, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		free(users[i].name);
	free(users);
}

int auth__configure(struct auth *auth, const struct access *access)
{
	struct user *users = calloc(access->nusers ? access->nusers : 1, sizeof(*users));
	unsigned int i;

	for (i = 0; users && i < access->nusers; i++) {
		snprintf(users[i].hash, sizeof(users[i].hash), "%s", access->users[i].hash);
		users[i].name = strdup(access->users[i].name);
		if (!users[i].name)
			break;
	}
	if (!users || i < access->nusers) {
		if (users)
			users_free(users, i);
		return -ENOMEM;
	}
	users_free(auth->users, auth->nusers);
	auth->users = users;
	auth->nusers = access->nusers;
	for (i = 0; i < access->ntokens; i++)
		auth->tokens[i] = tag_of_token(auth, access->tokens[i].data, access->tokens[i].len);
	auth->ntokens = access->ntokens;
	auth->asks = access->nusers || access->ntokens;
	return 0;
}

int auth__new(struct auth **ret)
{
	struct auth *auth = calloc(1, sizeof(*auth));
	uint8_t key[SHA256_DIGEST_SIZE];

	if (!auth)
		return -ENOMEM;
	if (getrandom(key, sizeof(key), 0) != sizeof(key)) {
		free(auth);
		return -EIO;
	}
	hmac_sha256_set_key(&auth->keyed, sizeof(key), key);
	explicit_bzero(key, sizeof(key));
	*ret = auth;
	return 0;
}

void auth__free(struct auth *auth)
{
	if (!auth)
		return;
	users_free(auth->users, auth->nusers);
	explicit_bzero(auth, sizeof(*auth));
	free(auth);
}
