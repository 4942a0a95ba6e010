// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_text.c - the sanitiser: every byte, every code point, cuts, and no two names in one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static const char *clean(const char *src, size_t len)
{
	static char dst[512];
	size_t written = text_sanitise(dst, sizeof(dst), src, len);

	assert_int_equal(strlen(dst), written);
	return dst;
}

#define CLEAN(literal) clean(literal, sizeof(literal) - 1)

static void test_plain(void **state)
{
	(void)state;
	assert_string_equal(CLEAN("kworker/0:1"), "kworker/0:1");
	assert_string_equal(CLEAN("q\"}, x=\"1"), "q\"}, x=\"1");
	assert_string_equal(CLEAN("<img src=x o>"), "<img src=x o>");
	assert_string_equal(CLEAN("%s%n%x"), "%s%n%x");
	assert_string_equal(CLEAN("\xe5\x90\x8c\xf0\x9f\x98\x80\xc3\xa9"),
			    "\xe5\x90\x8c\xf0\x9f\x98\x80\xc3\xa9");
	assert_string_equal(CLEAN("   "), "   ");
	assert_string_equal(CLEAN(""), "(no name)");
	assert_string_equal(CLEAN("\0hidden"), "(no name)");
	assert_string_equal(CLEAN("ab\0cd"), "ab");
	assert_string_equal(clean("abcdef", 3), "abc");
}

static void test_hostile(void **state)
{
	(void)state;
	assert_string_equal(CLEAN("a\nb 1\n# EOF\n"), "a\\x0ab 1\\x0a# EOF\\x0a");
	assert_string_equal(CLEAN("\x1b[31m"), "\\x1b[31m");
	assert_string_equal(CLEAN("\x1b]0;x\a\r\t\x7f"), "\\x1b]0;x\\x07\\x0d\\x09\\x7f");
	assert_string_equal(CLEAN("\x9b"), "\\x9b");
	assert_string_equal(CLEAN("\xc2\x9b"), "\\u{009b}");
	assert_string_equal(CLEAN("\xff\xfe\xfd"), "\\xff\\xfe\\xfd");
	assert_string_equal(CLEAN("\xe5\x90\x8c\xe6\xad"), "\xe5\x90\x8c\\xe6\\xad");
	assert_string_equal(CLEAN("\xed\xa0\x80"), "\\xed\\xa0\\x80");
	assert_string_equal(CLEAN("\xed\x9f\xbf"), "\xed\x9f\xbf");
	assert_string_equal(CLEAN("\xc0\xaf"), "\\xc0\\xaf");
	assert_string_equal(CLEAN("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");
	assert_string_equal(CLEAN("\xf0\x80\x80\xaf"), "\\xf0\\x80\\x80\\xaf");
	assert_string_equal(CLEAN("\xf5\x80\x80\x80"), "\\xf5\\x80\\x80\\x80");
	assert_string_equal(CLEAN("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
	assert_string_equal(CLEAN("\xe2\x80\xae"
				  "txt"),
			    "\\u{202e}txt");
	assert_string_equal(CLEAN("\xe2\x80\xa8\xe2\x80\xa9"), "\\u{2028}\\u{2029}");
	assert_string_equal(CLEAN("\xe2\x81\xa6\xe2\x81\xa9"), "\\u{2066}\\u{2069}");
	assert_string_equal(CLEAN("\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c"),
			    "\\u{200e}\\u{200f}\\u{061c}");
	assert_string_equal(CLEAN("\xef\xbf\xbe\xef\xb7\x90"), "\\u{fffe}\\u{fdd0}");
	assert_string_equal(CLEAN("\xf4\x8f\xbf\xbf"), "\\u{10ffff}");
}

static void test_backslash(void **state)
{
	(void)state;
	/* systemd's own escapes pass, what reads like one of ours does not. */
	assert_string_equal(CLEAN("dev-disk-by\\x2duuid"), "dev-disk-by\\x2duuid");
	assert_string_equal(CLEAN("\\x0a"), "\\x5cx0a");
	assert_string_equal(CLEAN("\\x5c"), "\\x5cx5c");
	assert_string_equal(CLEAN("\\xff"), "\\x5cxff");
	assert_string_equal(CLEAN("\\xFF"), "\\xFF");
	assert_string_equal(CLEAN("\\u{202e}"), "\\x5cu{202e}");
	assert_string_equal(CLEAN("\\\n"), "\\\\x0a");
	assert_string_equal(CLEAN("\\\\x0a"), "\\\\x5cx0a");
	assert_string_equal(CLEAN("\\x0"), "\\x0");
	assert_string_equal(CLEAN("a\\"), "a\\");
}

/* An independent, slower reading of the rules: valid UTF-8 whose code points may be shown. */
static bool is_clean(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	while (*s) {
		static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
		unsigned int n = *s < 0x80	       ? 1
				 : (*s & 0xe0) == 0xc0 ? 2
				 : (*s & 0xf0) == 0xe0 ? 3
				 : (*s & 0xf8) == 0xf0 ? 4
						       : 0;
		uint32_t point = n == 1 ? *s : n ? *s & (0xffu >> (n + 1)) : 0;
		unsigned int i;

		if (!n)
			return false;
		for (i = 1; i < n; i++) {
			if ((s[i] & 0xc0) != 0x80)
				return false;
			point = point * 64 + s[i] % 64;
		}
		if (point < least[n] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
			return false;
		if (point < 32 || (point > 126 && point < 160) || point == 0x2028 ||
		    point == 0x2029)
			return false;
		if ((point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) ||
		    point == 0x200e || point == 0x200f || point == 0x061c)
			return false;
		if (point % 0x10000 >= 0xfffe || (point >= 0xfdd0 && point <= 0xfdef))
			return false;
		s += n;
	}
	return true;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void assert_all_distinct(char **texts, size_t n)
{
	size_t i;

	qsort(texts, n, sizeof(*texts), compare);
	for (i = 1; i < n; i++)
		assert_string_not_equal(texts[i - 1], texts[i]);
	for (i = 0; i < n; i++)
		free(texts[i]);
	free(texts);
}

static void test_every_pair_of_bytes(void **state)
{
	char **texts = calloc(65536, sizeof(*texts));
	size_t n = 0;
	int a, b;

	(void)state;
	for (a = 1; a < 256; a++)
		for (b = 0; b < 256; b++) {
			char pair[2] = { (char)a, (char)b };

			texts[n] = strdup(clean(pair, 2));
			assert_true(is_clean(texts[n++]));
		}
	assert_int_equal(n, 255 * 256);
	assert_all_distinct(texts, n);
}

static size_t encode(uint32_t point, char dst[4])
{
	if (point < 0x800) {
		dst[0] = (char)(0xc0 | point >> 6);
		dst[1] = (char)(0x80 | (point & 63));
		return 2;
	}
	if (point < 0x10000) {
		dst[0] = (char)(0xe0 | point >> 12);
		dst[1] = (char)(0x80 | (point >> 6 & 63));
		dst[2] = (char)(0x80 | (point & 63));
		return 3;
	}
	dst[0] = (char)(0xf0 | point >> 18);
	dst[1] = (char)(0x80 | (point >> 12 & 63));
	dst[2] = (char)(0x80 | (point >> 6 & 63));
	dst[3] = (char)(0x80 | (point & 63));
	return 4;
}

/* All of U+0080..U+1FFFFF in two to four bytes: what may be shown is shown as it is. */
static void test_every_code_point(void **state)
{
	char raw[5], *terminated = raw;
	unsigned int shown = 0;
	uint32_t point;

	(void)state;
	for (point = 0x80; point < 0x200000; point++) {
		size_t len = encode(point, raw);
		const char *text = clean(raw, len);

		raw[len] = '\0';
		assert_true(is_clean(text));
		assert_int_equal(!strcmp(text, terminated), is_clean(raw));
		shown += is_clean(raw);
	}
	/* 0x10ffff - 0x7f, less C1, surrogates, 14 separators and bidi controls, 66 non-characters */
	assert_int_equal(shown, 0x10ff80 - 32 - 2048 - 14 - 66);
}

/* Alphabets chosen to meet: all words up to six letters over what escapes are made of. */
static void test_words_stay_distinct(void **state)
{
	static const char letters[] = "\\x05cu{\n\xc2\x85";
	enum {
		LETTERS = sizeof(letters) - 1,
		WORDS = LETTERS * LETTERS * LETTERS * LETTERS * LETTERS
	};
	char **texts = calloc(WORDS, sizeof(*texts)), word[5];
	unsigned int i, j, rest;

	(void)state;
	for (i = 0; i < WORDS; i++) {
		for (j = 0, rest = i; j < sizeof(word); j++, rest /= LETTERS)
			word[j] = letters[rest % LETTERS];
		texts[i] = strdup(clean(word, sizeof(word)));
		assert_true(is_clean(texts[i]));
	}
	assert_all_distinct(texts, WORDS);
}

static void test_cut(void **state)
{
	char name[200], other[200], a[64], b[64];
	size_t len;

	(void)state;
	memset(name, 'x', sizeof(name));
	assert_int_equal(text_sanitise(a, 64, name, 63), 63); /* fits exactly */
	assert_null(strchr(a, '~'));
	len = text_sanitise(a, 64, name, 64);
	assert_int_equal(len, 63);
	assert_int_equal(strlen(a), 63);
	assert_int_equal(a[54], '~');
	assert_int_equal(strspn(a + 55, "0123456789abcdef"), 8);
	memcpy(other, name, sizeof(name));
	other[199] = 'y';
	text_sanitise(a, 64, name, 200);
	text_sanitise(b, 64, other, 200);
	assert_memory_equal(a, b, 54);
	assert_string_not_equal(a, b);
	/* Behind the NUL nothing counts, not even for the hash. */
	name[100] = other[100] = '\0';
	text_sanitise(a, 64, name, 200);
	text_sanitise(b, 64, other, 200);
	assert_string_equal(a, b);
}

/* However small the room and whatever the character: never beyond, never a half character. */
static void test_cut_at_characters(void **state)
{
	static const char *const units[] = { "\n", "\xe5\x90\x8c", "\xf0\x9f\x98\x80",
					     "\xe2\x80\xae", "\xff" };
	char name[256], *dst;
	size_t unit, size, len, i, n;

	(void)state;
	for (unit = 0; unit < 5; unit++) {
		n = strlen(units[unit]);
		for (i = 0; i + n < sizeof(name); i += n)
			memcpy(name + i, units[unit], n);
		for (size = 32; size < 100; size++) {
			dst = malloc(size); /* an exact allocation: the sanitisers watch its end */
			len = text_sanitise(dst, size, name, i);
			assert_in_range(len, size - 20, size - 1);
			assert_int_equal(strlen(dst), len);
			assert_true(is_clean(dst));
			assert_int_equal(dst[len - 9], '~');
			free(dst);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_backslash),
		cmocka_unit_test(test_every_pair_of_bytes),
		cmocka_unit_test(test_every_code_point),
		cmocka_unit_test(test_words_stay_distinct),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_cut_at_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
