/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fuzz.h - what every fuzz target needs: libFuzzer's entry and a check that ends the process.
 *
 * Owns: FUZZ_CHECK, the input as a C string. Not here: targets.
 */
#ifndef VIGIE_TESTS_FUZZ_H
#define VIGIE_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Unlike assert() never compiled out. */
#define FUZZ_CHECK(condition)                                                           \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                        \
		}                                                                       \
	} while (0)

/* A copy of its own, so that reading over its end is seen. To be freed. */
static inline char *fuzz_string(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	FUZZ_CHECK(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

#endif
