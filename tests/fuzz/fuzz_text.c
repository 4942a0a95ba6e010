// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_text.c - the sanitiser: bounded, never empty, valid UTF-8 without controls, stable. */
#include "fuzz.h"

#include "base/text.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room = size ? 32 + data[0] : 32, len, again;
	char *dst = malloc(room), *twice = malloc(room + 1);
	char *src;

	FUZZ_CHECK(dst && twice);
	/* Not a C string: the length alone must bound the reading. */
	src = malloc(size ? size : 1);
	FUZZ_CHECK(src);
	if (size)
		memcpy(src, data, size);
	len = text_sanitise(dst, room, src, size);
	FUZZ_CHECK(len > 0 && len < room && dst[len] == 0 && strlen(dst) == len);
	FUZZ_CHECK(utf8_is_clean(dst, len));
	again = text_sanitise(twice, room, src, size);
	FUZZ_CHECK(again == len && memcmp(dst, twice, len) == 0);
	free(src);
	free(twice);
	free(dst);
	return 0;
}
