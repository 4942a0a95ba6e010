/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * utf8.h - an independent judge of what the sanitiser lets through.
 *
 * Owns: nothing of the product; written from the standard, not from base/text.c.
 */
#ifndef VIGIE_TESTS_FUZZ_UTF8_H
#define VIGIE_TESTS_FUZZ_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool utf8_forbidden(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 ||
	       (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e ||
	       c == 0x200f || c == 0x61c || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff ||
	       (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef);
}

/* Length of the sequence that this byte begins; 0: none does. */
static inline size_t utf8_length(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		return 2;
	if (c >= 0xe0 && c <= 0xef)
		return 3;
	return c >= 0xf0 && c <= 0xf4 ? 4 : 0;
}

/* Valid UTF-8 in shortest form, without what must never reach a screen or a log. */
static inline bool utf8_is_clean(const char *text, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	for (size_t i = 0; i < len;) {
		size_t n = utf8_length((unsigned char)text[i]);
		uint32_t c = (unsigned char)text[i];

		if (!n || n > len - i)
			return false;
		if (n > 1)
			c &= 0x7fu >> n;
		for (size_t k = 1; k < n; k++) {
			if (((unsigned char)text[i + k] & 0xc0) != 0x80)
				return false;
			c = c << 6 | ((unsigned char)text[i + k] & 0x3f);
		}
		if (c < least[n] || utf8_forbidden(c))
			return false;
		i += n;
	}
	return true;
}

#endif
