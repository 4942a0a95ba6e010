// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_push_answer.c - what a push's server says: Retry-After up to the first line's end, behind it the
 * bytes of an OTLP answer. Whatever it says, the wait is bounded and what is shown is printable.
 */
#include "fuzz.h"

#include <errno.h>

#include "push/partial.h"
#include "push/retry.h"

#define WALL_NS (1796097600ULL * 1000000000)

static void check_retry_after(const char *value)
{
	__u64 wait = 4711;
	int err = push_retry_after_ns(value, WALL_NS, &wait);

	FUZZ_CHECK(!err || (err == -EINVAL && wait == 4711));
	FUZZ_CHECK(wait <= PUSH_RETRY_AFTER_MAX_NS);
}

static void check_partial(const uint8_t *data, size_t size)
{
	struct partial_success partial;
	const unsigned char *at;

	memset(&partial, 0xa5, sizeof(partial));
	if (partial_success_parse(data, size, &partial)) {
		FUZZ_CHECK(partial.rejected == 0xa5a5a5a5a5a5a5a5);
		return;
	}
	FUZZ_CHECK(partial.rejected <= INT64_MAX);
	FUZZ_CHECK(memchr(partial.message, 0, sizeof(partial.message)));
	for (at = (const unsigned char *)partial.message; *at; at++)
		FUZZ_CHECK(*at >= ' ' && *at != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	size_t len = end ? (size_t)(end - data) : size;
	char *value = fuzz_string(data, len);
	uint8_t *body;

	check_retry_after(value);
	free(value);
	if (!end)
		return 0;
	size -= len + 1;
	body = malloc(size + !size); /* of its own, so that reading over its end is seen */
	FUZZ_CHECK(body);
	memcpy(body, end + 1, size);
	check_partial(body, size);
	free(body);
	return 0;
}
