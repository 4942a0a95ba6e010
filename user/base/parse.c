// SPDX-License-Identifier: GPL-2.0-only
/*
 * parse.c - strict numbers from users.
 *
 * Owns: the digits. Not here: what a number is for, or how a bad one is reported.
 * Not strtoull(): it takes blanks, signs and a locale, and says nothing of what is left.
 */
#include "base/parse.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/units.h"

static const struct {
	const char *name;
	uint64_t ns;
} units[] = {
	{ "ns", 1 },
	{ "us", NS_PER_US },
	{ "ms", NS_PER_MS },
	{ "s", NS_PER_S },
	{ "m", 60 * NS_PER_S },
	{ "h", 3600 * NS_PER_S },
	{ "d", 86400 * NS_PER_S },
};

/* Reads digits from *p on and moves it behind them. At least one digit is needed. */
static int take_digits(const char **p, uint64_t *ret)
{
	const char *start = *p;
	uint64_t v = 0;

	for (; **p >= '0' && **p <= '9'; (*p)++) {
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(**p - '0'), &v))
			return -ERANGE;
	}
	if (*p == start)
		return -EINVAL;
	*ret = v;
	return 0;
}

static bool all_digits(const char *text)
{
	return text[strspn(text, "0123456789")] == '\0';
}

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	const char *p = text;
	uint64_t v;
	int err;

	err = take_digits(&p, &v);
	/* Too big is only said of what is a number to its end. */
	if (err == -ERANGE && !all_digits(text))
		return -EINVAL;
	if (err)
		return err;
	if (*p)
		return -EINVAL;
	if (v < min || v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

/*
 * The digits behind the point as a part of one unit, in nanoseconds. Digits finer than a
 * nanosecond are refused unless they are zeros: nothing that was typed is dropped.
 */
static int take_fraction(const char **p, uint64_t unit_ns, uint64_t *ret)
{
	uint64_t digits = 0, scale = 1;
	const char *start = *p;

	for (; **p >= '0' && **p <= '9'; (*p)++) {
		if (scale > UINT64_MAX / 10 / unit_ns) {
			if (**p != '0')
				return -EINVAL;
			continue;
		}
		digits = digits * 10 + (uint64_t)(**p - '0');
		scale *= 10;
	}
	if (*p == start || digits * unit_ns % scale)
		return -EINVAL;
	*ret = digits * unit_ns / scale;
	return 0;
}

static uint64_t unit_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(name, units[i].name) == 0)
			return units[i].ns;
	}
	return 0;
}

int parse_duration(const char *text, uint64_t min_ns, uint64_t max_ns, uint64_t *ret_ns)
{
	const char *p = text + strspn(text, "0123456789.");
	uint64_t unit_ns = unit_by_name(p), whole, part = 0, ns;
	int err;

	if (!unit_ns)
		return -EINVAL;
	p = text;
	err = take_digits(&p, &whole);
	if (!err && *p == '.') {
		p++;
		err = take_fraction(&p, unit_ns, &part);
	}
	if (err)
		return err;
	if (unit_by_name(p) != unit_ns)
		return -EINVAL;
	if (__builtin_mul_overflow(whole, unit_ns, &ns) || __builtin_add_overflow(ns, part, &ns))
		return -ERANGE;
	if (ns < min_ns || ns > max_ns)
		return -ERANGE;
	*ret_ns = ns;
	return 0;
}

int parse_percent(const char *text, uint64_t min_ppb, uint64_t max_ppb, uint64_t *ret_ppb)
{
	const uint64_t one = 10000000; /* a hundredth of 10^9 */
	uint64_t whole, part = 0, ppb;
	const char *p = text;
	int err = take_digits(&p, &whole);

	if (!err && *p == '.') {
		p++;
		err = take_fraction(&p, one, &part);
	}
	if (err)
		return err;
	if (strcmp(p, "%"))
		return -EINVAL;
	if (__builtin_mul_overflow(whole, one, &ppb) || __builtin_add_overflow(ppb, part, &ppb) ||
	    ppb < min_ppb || ppb > max_ppb)
		return -ERANGE;
	*ret_ppb = ppb;
	return 0;
}

static uint64_t size_by_name(const char *name)
{
	static const struct {
		const char *name;
		uint64_t bytes;
	} sizes[] = {
		{ "B", 1 },	      { "kB", 1000 },	  { "KB", 1000 },     { "MB", 1000000 },
		{ "GB", 1000000000 }, { "KiB", 1 << 10 }, { "MiB", 1 << 20 }, { "GiB", 1 << 30 },
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (strcmp(name, sizes[i].name) == 0)
			return sizes[i].bytes;
	}
	return 0;
}

int parse_size(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t unit = size_by_name(text + strspn(text, "0123456789")), bytes;
	const char *p = text;
	int err;

	if (!unit)
		return -EINVAL;
	err = take_digits(&p, &bytes);
	if (err)
		return err;
	if (__builtin_mul_overflow(bytes, unit, &bytes) || bytes < min || bytes > max)
		return -ERANGE;
	*ret = bytes;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int parse_hex(const char **text, uint64_t *ret)
{
	const char *at = *text;
	uint64_t v = 0;

	for (; hex_digit(*at) >= 0 && at - *text < 16; at++)
		v = v << 4 | (uint64_t)hex_digit(*at);
	if (at == *text)
		return -EINVAL;
	*text = at;
	*ret = v;
	return 0;
}
