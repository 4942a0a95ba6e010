// SPDX-License-Identifier: GPL-2.0-only
/*
 * text.c - the sanitiser.
 *
 * Owns: which characters of a hostile name are shown and how the others are spelled.
 * Not here: quoting for a format (export/), the fixed names of what has none (model/).
 *
 * A backslash is left alone (systemd's unit names are full of "\x2d") unless what follows
 * it reads like one of our own escapes: then it becomes \x5c. So no two names can meet in
 * one text, except by the 32-bit hash of a name that was cut.
 */
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"

enum { PIECE_MAX = 16, CUT_LEN = 9 /* "~" and 8 hex digits */ };

/* Lowest and highest second byte that a lead byte allows: shuts out overlong forms,
 * surrogates and what is beyond U+10FFFF. */
static bool second_byte_ok(unsigned char lead, unsigned char second)
{
	unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;

	return second >= low && second <= high;
}

/* Length of the character at s, with its code point; 0 if its first byte is invalid. */
static size_t decode(const unsigned char *s, size_t len, uint32_t *ret_point)
{
	size_t n, i;
	uint32_t point;

	if (s[0] < 0x80) {
		*ret_point = s[0];
		return 1;
	}
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (len < n || !second_byte_ok(s[0], s[1]))
		return 0;
	point = s[0] & (0x7f >> n);
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (s[i] & 0x3f);
	}
	*ret_point = point;
	return n;
}

static bool is_control(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point <= 0x9f);
}

static bool is_separator_or_bidi(uint32_t point)
{
	return point == 0x061c || point == 0x200e || point == 0x200f ||
	       (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

static bool is_non_character(uint32_t point)
{
	return (point >= 0xfdd0 && point <= 0xfdef) || (point & 0xfffe) == 0xfffe;
}

static int hex_digit(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* Would the backslash at s read as the beginning of an escape that we write? */
static bool is_ambiguous(const unsigned char *s, size_t len)
{
	int high, low, byte;

	if (len >= 3 && s[1] == 'u' && s[2] == '{')
		return true;
	if (len < 4 || s[1] != 'x')
		return false;
	high = hex_digit(s[2]);
	low = hex_digit(s[3]);
	if (high < 0 || low < 0)
		return false;
	byte = high * 16 + low;
	return byte < 0x20 || byte >= 0x7f || byte == '\\';
}

/* One character of the source as it will be shown; *ret_used source bytes went into it. */
static size_t text_spell(const unsigned char *s, size_t len, char piece[PIECE_MAX],
			 size_t *ret_used)
{
	uint32_t point = 0;
	size_t n = decode(s, len, &point);
	int written;

	*ret_used = n ? n : 1;
	if (n == 0 || (n == 1 && (is_control(point) || (point == '\\' && is_ambiguous(s, len)))))
		written = snprintf(piece, PIECE_MAX, "\\x%02x", s[0]);
	else if (is_control(point) || is_separator_or_bidi(point) || is_non_character(point))
		written = snprintf(piece, PIECE_MAX, "\\u{%04x}", point);
	else {
		memcpy(piece, s, n);
		return n;
	}
	return (size_t)written;
}

size_t text_sanitise(char *dst, size_t dst_size, const char *src, size_t len)
{
	const unsigned char *s = (const unsigned char *)src;
	size_t max = dst_size - 1, out = 0, cut = 0, i, used, n;
	char piece[PIECE_MAX];

	len = strnlen(src, len);
	if (!len)
		return (size_t)snprintf(dst, dst_size, "(no name)");
	for (i = 0; i < len; i += used) {
		n = text_spell(s + i, len - i, piece, &used);
		if (out + n > max) {
			unsigned int sum = (unsigned int)hash_bytes(src, len, 0);

			snprintf(dst + cut, dst_size - cut, "~%08x", sum);
			return cut + CUT_LEN;
		}
		memcpy(dst + out, piece, n);
		out += n;
		if (out + CUT_LEN <= max)
			cut = out;
	}
	dst[out] = '\0';
	return out;
}
