// SPDX-License-Identifier: GPL-2.0-only
/* retry.c - owns the table of statuses, the back-off, and the reading of Retry-After. */
#include "push/retry.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "base/parse.h"
#include "base/units.h"

enum push_verdict push_verdict(unsigned int status)
{
	switch (status) {
	case 0: /* lost connections, timeouts, names that do not resolve */
	case 429:
	case 502:
	case 503:
	case 504: return PUSH_RETRY;
	default:
		/* 500 too: the OTLP specification forbids it, and a bad batch would block all others. */
		return status >= 200 && status < 300 ? PUSH_DONE : PUSH_POISON;
	}
}

/* Between a half and the whole of it: who failed together does not come back together. */
__u64 push_backoff_ns(unsigned int failed, __u32 chance)
{
	unsigned int doublings = failed > 1 ? failed - 1 : 0;
	__u64 most = PUSH_BACKOFF_MAX_NS;

	if (doublings < 6 && PUSH_BACKOFF_FIRST_NS << doublings < most)
		most = PUSH_BACKOFF_FIRST_NS << doublings;
	return most / 2 + most / 2 * (chance >> 8) / (UINT32_MAX >> 8);
}

/* So many digits and nothing but digits. -1: they are none. */
static int digits(const char *at, unsigned int n)
{
	int value = 0;

	for (; n; n--, at++) {
		if (*at < '0' || *at > '9')
			return -1;
		value = value * 10 + *at - '0';
	}
	return value;
}

static int month_of(const char *at)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int i;

	for (i = 0; i < 12; i++)
		if (!strncmp(at, names + (ptrdiff_t)3 * i, 3))
			return i;
	return -1;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT": the one form that HTTP lets be sent today. */
static int parse_date(const char *text, __u64 *ret_ns)
{
	struct tm tm = { 0 };
	time_t at;

	if (strlen(text) != 29 || strncmp(text + 3, ", ", 2) || text[7] != ' ' || text[11] != ' ' ||
	    text[16] != ' ' || text[19] != ':' || text[22] != ':' || strcmp(text + 25, " GMT"))
		return -EINVAL;
	tm.tm_mday = digits(text + 5, 2);
	tm.tm_mon = month_of(text + 8);
	tm.tm_year = digits(text + 12, 4) - 1900;
	tm.tm_hour = digits(text + 17, 2);
	tm.tm_min = digits(text + 20, 2);
	tm.tm_sec = digits(text + 23, 2);
	if (tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_mon < 0 || tm.tm_year < 70 ||
	    tm.tm_hour < 0 || tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 ||
	    tm.tm_sec > 60)
		return -EINVAL;
	at = timegm(&tm);
	if (at < 0 || (__u64)at > UINT64_MAX / NS_PER_S)
		return -EINVAL;
	*ret_ns = (__u64)at * NS_PER_S;
	return 0;
}

int push_retry_after_ns(const char *value, __u64 wall_ns, __u64 *ret_ns)
{
	__u64 at, wait;
	uint64_t seconds;
	int err = parse_u64(value, 0, UINT64_MAX, &seconds);

	if (!err || err == -ERANGE) {
		wait = err || seconds > PUSH_RETRY_AFTER_MAX_NS / NS_PER_S ? PUSH_RETRY_AFTER_MAX_NS
									   : seconds * NS_PER_S;
	} else {
		err = parse_date(value, &at);
		if (err)
			return err;
		wait = at > wall_ns ? at - wall_ns : 0;
	}
	*ret_ns = wait < PUSH_RETRY_AFTER_MAX_NS ? wait : PUSH_RETRY_AFTER_MAX_NS;
	return 0;
}
