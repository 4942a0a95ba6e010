// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_question.c - what is asked of the past: any query is refused with a reason or a question within its bounds;
 * and the bytes of any question are sound or not, without a look beyond them.
 *
 * The first byte says for which path.
 */
#include "fuzz.h"

#include "web/question.h"

static void check_parsed(const struct web_question *q, enum web_ask ask)
{
	bool by_id = ask == WEB_FINDING || ask == WEB_SESSION;

	FUZZ_CHECK(q->ask == ask && web_question_is_sound(q));
	FUZZ_CHECK(q->points >= 1 && q->points <= WEB_POINTS_MAX);
	FUZZ_CHECK(strnlen(q->unit, WEB_UNIT_LEN) < WEB_UNIT_LEN);
	FUZZ_CHECK(strnlen(q->comm, WEB_COMM_LEN) < WEB_COMM_LEN);
	FUZZ_CHECK(!by_id || strspn(q->id, "0123456789abcdef") == FINDING_ID_LEN - 1);
	FUZZ_CHECK(by_id || !q->id[0]);
	FUZZ_CHECK(ask != WEB_GROUP || (q->unit[0] && q->comm[0]));
}

/* Whoever is told that it is sound reads its texts and makes a path of its id. */
static void check_bytes(const uint8_t *data, size_t size)
{
	struct web_question *q = calloc(1, sizeof(*q));

	FUZZ_CHECK(q);
	if (size)
		memcpy(q, data, size < sizeof(*q) ? size : sizeof(*q));
	if (web_question_is_sound(q)) {
		FUZZ_CHECK(q->ask < WEB_ASKS);
		FUZZ_CHECK(strnlen(q->id, FINDING_ID_LEN) < FINDING_ID_LEN &&
			   !strpbrk(q->id, "./"));
		FUZZ_CHECK(strlen(q->unit) < WEB_UNIT_LEN && strlen(q->comm) < WEB_COMM_LEN);
	}
	free(q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum web_ask ask = size ? data[0] % WEB_ASKS : WEB_RANGE;
	char *query = size ? fuzz_string(data + 1, size - 1) : NULL;
	struct web_question q, before;
	const char *why = NULL;

	memset(&q, 0x5a, sizeof(q));
	before = q;
	if (web_question_parse(ask, query, &q, &why))
		FUZZ_CHECK(why && *why && !strpbrk(why, "\"\\\n") &&
			   !memcmp(&q, &before, sizeof(q)));
	else
		check_parsed(&q, ask);
	check_bytes(data, size);
	free(query);
	return 0;
}
