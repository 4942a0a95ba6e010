// SPDX-License-Identifier: GPL-2.0-only
/* when.c - owns reading moments. */
#include "base/when.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/parse.h"
#include "base/units.h"

#define DAY_S 86400

/* "10 min ago", "90s ago", "2 hours ago". */
static bool parse_ago(const char *text, __u64 now_ns, __u64 *ret_ns)
{
	static const struct {
		const char *name;
		__u64 seconds;
	} units[] = {
		{ "s", 1 },	  { "sec", 1 },	     { "second", 1 },	{ "seconds", 1 },
		{ "m", 60 },	  { "min", 60 },     { "minute", 60 },	{ "minutes", 60 },
		{ "h", 3600 },	  { "hour", 3600 },  { "hours", 3600 }, { "d", DAY_S },
		{ "day", DAY_S }, { "days", DAY_S },
	};
	unsigned long long n;
	char unit[16];
	int taken = 0;
	size_t i;

	if (sscanf(text, "%9llu %15[a-z] ago%n", &n, unit, &taken) != 2 || !taken || text[taken])
		return false;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(unit, units[i].name) || n * units[i].seconds > now_ns / NS_PER_S)
			continue;
		*ret_ns = now_ns - n * units[i].seconds * NS_PER_S;
		return true;
	}
	return false;
}

/* What does not fit into ns since 1970 is none. */
static bool when_give(time_t at, __u64 *ret_ns)
{
	if (at < 0 || (__u64)at > UINT64_MAX / NS_PER_S)
		return false;
	*ret_ns = at * NS_PER_S;
	return true;
}

/* A time of day, the last one that has been. */
static bool parse_clock(const char *text, __u64 now_ns, __u64 *ret_ns)
{
	time_t now = now_ns / NS_PER_S, at;
	const char *rest;
	struct tm tm;

	if (!localtime_r(&now, &tm))
		return false;
	tm.tm_sec = 0;
	rest = strptime(text, "%H:%M", &tm);
	if (rest && *rest == ':')
		rest = strptime(rest, ":%S", &tm);
	if (!rest || *rest)
		return false;
	tm.tm_isdst = -1;
	at = mktime(&tm);
	if (at > now) {
		tm.tm_mday--;
		tm.tm_isdst = -1;
		at = mktime(&tm);
	}
	return when_give(at, ret_ns);
}

static bool parse_date(const char *text, __u64 *ret_ns)
{
	struct tm tm = { .tm_isdst = -1 };
	const char *rest = strptime(text, "%Y-%m-%d", &tm);
	time_t at;
	int mday;

	if (rest && (*rest == ' ' || *rest == 'T')) {
		rest = strptime(rest + 1, "%H:%M", &tm);
		if (rest && *rest == ':')
			rest = strptime(rest, ":%S", &tm);
	}
	if (!rest || (*rest && strcmp(rest, "Z")))
		return false;
	mday = tm.tm_mday;
	at = *rest ? timegm(&tm) : mktime(&tm);
	return mday == tm.tm_mday &&
	       when_give(at, ret_ns); /* the 30th of February is another day */
}

int when_parse(const char *text, __u64 now_ns, __u64 *ret_ns)
{
	uint64_t seconds;

	if (!strcmp(text, "now")) {
		*ret_ns = now_ns;
		return 0;
	}
	if (text[0] == '@') {
		if (parse_u64(text + 1, 0, UINT64_MAX / NS_PER_S, &seconds))
			return -EINVAL;
		*ret_ns = seconds * NS_PER_S;
		return 0;
	}
	return parse_ago(text, now_ns, ret_ns) || parse_clock(text, now_ns, ret_ns) ||
			       parse_date(text, ret_ns)
		       ? 0
		       : -EINVAL;
}

void when_format(__u64 wall_ns, char dst[20])
{
	time_t at = wall_ns / NS_PER_S;
	struct tm tm;

	if (!localtime_r(&at, &tm) || !strftime(dst, 20, "%Y-%m-%d %H:%M:%S", &tm))
		snprintf(dst, 20, "?");
}
