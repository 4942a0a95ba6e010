// SPDX-License-Identifier: GPL-2.0-only
/* question.c - owns the grammar of a query, and which parameter goes with which path. */
#include "web/question.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/units.h"

enum { VALUE_MAX = WEB_UNIT_LEN };

/* Beyond the year 2200 nanoseconds of now and here are not meant. */
#define SECONDS_MAX 7258118400ULL

const char *const web_ask_paths[WEB_ASKS] = {
	[WEB_RANGE] = "/api/v1/range",	   [WEB_INSTANT] = "/api/v1/instant",
	[WEB_GROUP] = "/api/v1/group",	   [WEB_FINDING] = "/api/v1/finding",
	[WEB_SESSION] = "/api/v1/session", [WEB_EVENTS] = "/api/v1/events",
};

/* --- Values. */

/* "1790000000.25": Unix time, nine decimals at most, those beyond cut. */
static bool take_time(const char *text, __u64 *ret)
{
	const char *dot = strchr(text, '.');
	size_t whole = dot ? (size_t)(dot - text) : strlen(text), i;
	__u64 ns = 0, unit = NS_PER_S / 10;
	char digits[24];
	uint64_t s;

	if (!whole || whole >= sizeof(digits))
		return false;
	memcpy(digits, text, whole);
	digits[whole] = '\0';
	if (parse_u64(digits, 0, SECONDS_MAX, &s))
		return false;
	for (i = 1; dot && dot[i]; i++, unit /= 10) {
		if (dot[i] < '0' || dot[i] > '9')
			return false;
		ns += (dot[i] - '0') * unit;
	}
	*ret = s * NS_PER_S + ns;
	return true;
}

static bool take_from(const char *text, struct web_question *q)
{
	return take_time(text, &q->from_ns);
}

static bool take_to(const char *text, struct web_question *q)
{
	return take_time(text, &q->to_ns);
}

static bool take_at(const char *text, struct web_question *q)
{
	return take_time(text, &q->at_ns);
}

static bool take_points(const char *text, struct web_question *q)
{
	uint64_t points;

	if (parse_u64(text, 1, WEB_POINTS_MAX, &points))
		return false;
	q->points = points;
	return true;
}

static bool take_rows(const char *text, struct web_question *q)
{
	uint64_t rows;

	if (parse_u64(text, 1, WEB_ROWS_MAX, &rows))
		return false;
	q->rows = rows;
	return true;
}

static bool take_after(const char *text, struct web_question *q)
{
	uint64_t after;

	if (parse_u64(text, 0, WEB_AFTER_NONE - 1, &after))
		return false;
	q->after = after;
	return true;
}

static bool take_by(const char *text, struct web_question *q)
{
	q->by_pid = !strcmp(text, "pid");
	return q->by_pid || !strcmp(text, "group");
}

static bool take_text(const char *text, char *dst, size_t size)
{
	size_t len = strlen(text);

	if (!len || len >= size)
		return false;
	memcpy(dst, text, len + 1);
	return true;
}

static bool take_unit(const char *text, struct web_question *q)
{
	return take_text(text, q->unit, sizeof(q->unit));
}

static bool take_comm(const char *text, struct web_question *q)
{
	return take_text(text, q->comm, sizeof(q->comm));
}

/* It becomes the name of a folder: nothing but these digits. */
static bool is_id(const char *text)
{
	return strlen(text) == FINDING_ID_LEN - 1 &&
	       strspn(text, "0123456789abcdef") == FINDING_ID_LEN - 1;
}

static bool take_id(const char *text, struct web_question *q)
{
	return is_id(text) && take_text(text, q->id, sizeof(q->id));
}

#define ON(ask) (1u << (ask))
static const struct web_parameter {
	const char *name;
	unsigned int asks; /* that have it */
	bool (*take)(const char *text, struct web_question *q);
	const char *why; /* it was refused */
} parameters[] = {
	{ "from", ON(WEB_RANGE) | ON(WEB_GROUP) | ON(WEB_INSTANT), take_from,
	  "from is Unix time in seconds, such as 1790000000.25" },
	{ "to", ON(WEB_RANGE) | ON(WEB_GROUP), take_to,
	  "to is Unix time in seconds, such as 1790000000.25" },
	{ "points", ON(WEB_RANGE) | ON(WEB_GROUP), take_points, "points is 1 to 2000" },
	{ "at", ON(WEB_INSTANT), take_at, "at is Unix time in seconds, such as 1790000000.25" },
	{ "by", ON(WEB_INSTANT), take_by, "by is group or pid" },
	{ "rows", ON(WEB_INSTANT), take_rows, "rows is 1 to 8192" },
	{ "after", ON(WEB_EVENTS), take_after, "after is a number: event.sequence of a line" },
	{ "unit", ON(WEB_GROUP), take_unit, "unit is the unit of a group" },
	{ "comm", ON(WEB_GROUP), take_comm, "comm is the comm of a group" },
	{ "id", ON(WEB_FINDING) | ON(WEB_SESSION), take_id,
	  "id is the 12 hex digits of a finding" },
};
enum { PARAMETERS = sizeof(parameters) / sizeof(parameters[0]) };

/* --- The query. */

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef0123456789ABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)((at - digits) % 16) : -1;
}

/* Unescaped, with a NUL behind it. False: too long, a broken escape, or a NUL in it. */
static bool unescape(const char *text, size_t len, char *dst, size_t size)
{
	size_t n = 0, i;

	for (i = 0; i < len; i++) {
		char c = text[i] == '+' ? ' ' : text[i];

		if (c == '%') {
			int high = i + 2 < len ? hex_digit(text[i + 1]) : -1;
			int low = high >= 0 ? hex_digit(text[i + 2]) : -1;

			if (low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (!c || n + 1 >= size)
			return false;
		dst[n++] = c;
	}
	dst[n] = '\0';
	return true;
}

static int find_parameter(const char *name, size_t len, enum web_ask ask)
{
	int i;

	for (i = 0; i < PARAMETERS; i++)
		if (strlen(parameters[i].name) == len && !memcmp(parameters[i].name, name, len) &&
		    parameters[i].asks & ON(ask))
			return i;
	return -1;
}

static bool take_pair(struct web_question *q, const char *pair, size_t len, unsigned int *seen,
		      const char **ret_why)
{
	const char *equals = memchr(pair, '=', len);
	char value[VALUE_MAX];
	int i = equals ? find_parameter(pair, equals - pair, q->ask) : -1;

	*ret_why = "a parameter is not known here: see docs/api.md";
	if (i < 0)
		return false;
	*ret_why = "a parameter is there twice";
	if (*seen >> i & 1)
		return false;
	*seen |= 1u << i;
	*ret_why = parameters[i].why;
	return unescape(equals + 1, pair + len - equals - 1, value, sizeof(value)) &&
	       parameters[i].take(value, q);
}

static const char *what_is_missing(const struct web_question *q)
{
	if ((q->ask == WEB_FINDING || q->ask == WEB_SESSION) && !q->id[0])
		return "id is needed: the 12 hex digits of a finding";
	if (q->ask == WEB_GROUP && (!q->unit[0] || !q->comm[0]))
		return "unit and comm are needed: those of a group";
	if (q->to_ns && q->from_ns > q->to_ns)
		return "from is after to";
	if (q->ask == WEB_INSTANT && q->at_ns && q->from_ns > q->at_ns)
		return "from is after at";
	return NULL;
}

int web_question_parse(enum web_ask ask, const char *query, struct web_question *ret,
		       const char **ret_why)
{
	struct web_question q;
	unsigned int seen = 0;
	size_t len;

	memset(&q, 0, sizeof(q)); /* it goes to another process as it is */
	q.ask = ask;
	q.points = WEB_POINTS;
	q.rows = WEB_ROWS;
	q.after = WEB_AFTER_NONE;
	for (; query && *query; query += len + (query[len] == '&')) {
		len = strcspn(query, "&");
		if (len && !take_pair(&q, query, len, &seen, ret_why))
			return -EINVAL;
	}
	*ret_why = what_is_missing(&q);
	if (*ret_why)
		return -EINVAL;
	*ret = q;
	return 0;
}

#define TIME_MAX_NS (SECONDS_MAX * NS_PER_S + NS_PER_S - 1)

static bool texts_end(const struct web_question *q)
{
	return memchr(q->unit, '\0', sizeof(q->unit)) && memchr(q->comm, '\0', sizeof(q->comm)) &&
	       memchr(q->id, '\0', sizeof(q->id));
}

bool web_question_is_sound(const struct web_question *q)
{
	return q->ask < WEB_ASKS && q->points >= 1 && q->points <= WEB_POINTS_MAX &&
	       q->from_ns <= TIME_MAX_NS && q->to_ns <= TIME_MAX_NS && q->at_ns <= TIME_MAX_NS &&
	       q->by_pid <= 1 && q->rows >= 1 && q->rows <= WEB_ROWS_MAX && texts_end(q) &&
	       (!q->id[0] || is_id(q->id)) && !what_is_missing(q);
}
