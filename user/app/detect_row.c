// SPDX-License-Identifier: GPL-2.0-only
/* detect_row.c - owns what is a time and what a number in such a line. */
#include "app/detect_row.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/parse.h"

/* Seconds since 1970, or a date and time of ISO 8601, a blank or T between, Z or nothing after. */
static bool parse_stamp(const char *text, uint64_t *ret_s)
{
	struct tm tm = { 0 };
	const char *rest;
	time_t s;

	if (!parse_u64(text, 0, INT64_MAX, ret_s))
		return true;
	rest = strptime(text, "%Y-%m-%d", &tm);
	if (rest && (*rest == ' ' || *rest == 'T'))
		rest = strptime(rest + 1, "%H:%M:%S", &tm);
	else if (rest && *rest)
		return false;
	if (rest && *rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (!rest || (*rest && strcmp(rest, "Z")))
		return false;
	s = timegm(&tm);
	if (s < 0)
		return false;
	*ret_s = s;
	return true;
}

const char *detect_row_parse(char *line, struct detect_row *ret)
{
	char *comma = strchr(line, ',');
	int taken = 0;

	if (!comma)
		return "has no comma: expected timestamp,value";
	*comma = '\0';
	ret->stamp = line;
	ret->value = comma + 1;
	if (strchr(ret->value, ','))
		return "has more than two columns: expected timestamp,value";
	if (!parse_stamp(line, &ret->time_s))
		return "has a timestamp that is neither a date and time nor seconds since 1970";
	if (!*ret->value || isspace((unsigned char)*ret->value))
		return "has no number as its value";
	if (sscanf(ret->value, "%lf%n", &ret->number, &taken) != 1 || ret->value[taken] ||
	    !isfinite(ret->number))
		return "has no finite number as its value";
	return NULL;
}
