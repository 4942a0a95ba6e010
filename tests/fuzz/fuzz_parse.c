// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_parse.c - numbers and durations: accepted only what reads back as the same. */
#include "fuzz.h"

#include <errno.h>
#include <stdbool.h>

#include "base/parse.h"

/* A number is digits and nothing else; what was accepted is worth what they say. */
static void check_u64(const char *text)
{
	uint64_t v = 42;
	int err = parse_u64(text, 0, UINT64_MAX, &v);
	char back[32];

	if (err) {
		FUZZ_CHECK(v == 42 && (err == -EINVAL || err == -ERANGE));
		FUZZ_CHECK(err == -ERANGE || !*text || text[strspn(text, "0123456789")]);
		return;
	}
	FUZZ_CHECK(*text && !text[strspn(text, "0123456789")]);
	snprintf(back, sizeof(back), "%ju", (uintmax_t)v);
	text += strspn(text, "0");
	FUZZ_CHECK(strcmp(*text ? text : "0", back) == 0);
}

static void check_duration(const char *text)
{
	uint64_t v = 42, again;
	int err = parse_duration(text, 1, UINT64_MAX, &v);
	char back[32];

	if (err) {
		FUZZ_CHECK(v == 42 && (err == -EINVAL || err == -ERANGE));
		return;
	}
	FUZZ_CHECK(v >= 1 && *text >= 48 && *text <= 57);
	snprintf(back, sizeof(back), "%juns", (uintmax_t)v);
	FUZZ_CHECK(parse_duration(back, 1, UINT64_MAX, &again) == 0 && again == v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);

	check_u64(text);
	check_duration(text);
	free(text);
	return 0;
}
