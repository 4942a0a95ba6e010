// SPDX-License-Identifier: GPL-2.0-only
/* words.c - owns finding them. */
#include "collect/words.h"

#include <string.h>

#include "base/units.h"

static const char *const stall_names[PSI_STALLS] = { "some ", "full " };

__u64 words_number(const char *text)
{
	__u64 v = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (__u64)(*text - '0'), &v))
			return ~0ULL;
	return v;
}

void words_find(const char *text, struct word *words, unsigned int n)
{
	unsigned int i;
	size_t len;

	for (; *text; text += *text == '\n') {
		len = strcspn(text, " \n");
		for (i = 0; i < n && text[len] == ' '; i++) {
			if (words[i].len != len || memcmp(words[i].name, text, len) != 0)
				continue;
			words[i].value = words_number(text + len + 1);
			words[i].there = true;
		}
		text = strchrnul(text, '\n');
	}
}

unsigned int words_pressure(const char *text, __u64 ret_ns[PSI_STALLS])
{
	unsigned int there = 0, i;
	const char *total, *end;

	for (; *text; text = end + (*end == '\n')) {
		end = strchrnul(text, '\n');
		total = strstr(text, " total=");
		for (i = 0; i < PSI_STALLS && total && total < end; i++) {
			if (strncmp(text, stall_names[i], strlen(stall_names[i])) != 0)
				continue;
			ret_ns[i] = words_number(total + strlen(" total=")) * NS_PER_US;
			there |= 1u << i;
		}
	}
	return there;
}
