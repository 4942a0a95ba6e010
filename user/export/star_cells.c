// SPDX-License-Identifier: GPL-2.0-only
/* star_cells.c - owns how a cell is spelled in each dialect. SHA-256 is nettle's. */
#include "export/star_cells.h"

#include <math.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "export/csv_cell.h"

struct star_key star_key_of(char letter, const char *host, const void *what, size_t len)
{
	uint8_t digest[STAR_KEY_HEX / 2];
	struct sha256_ctx sha;
	struct star_key key;
	unsigned int i;

	sha256_init(&sha);
	sha256_update(&sha, 1, (const uint8_t *)&letter);
	sha256_update(&sha, strlen(host) + 1, (const uint8_t *)host);
	sha256_update(&sha, len, what);
	sha256_digest(&sha, sizeof(digest), digest);
	key.text[0] = letter;
	for (i = 0; i < sizeof(digest); i++)
		snprintf(key.text + 1 + 2 * i, 3, "%02x", digest[i]);
	return key;
}

static struct buf *cell(struct star_row *row)
{
	if (row->begun)
		buf_char(row->out, row->dialect->separator);
	row->begun = true;
	return row->out;
}

void star_key(struct star_row *row, const struct star_key *key)
{
	buf_str(cell(row), key->text);
}

void star_name(struct star_row *row, const char *name)
{
	buf_str(cell(row), name);
}

void star_text(struct star_row *row, const char *text)
{
	csv_text(cell(row), text, csv_is_formula(text) || csv_is_number(text));
}

void star_empty(struct star_row *row)
{
	cell(row);
}

void star_u64(struct star_row *row, __u64 value)
{
	buf_u64(cell(row), value);
}

static void number(struct star_row *row, char *text)
{
	char *point = strchr(text, '.');

	if (point)
		*point = row->dialect->point;
	buf_str(cell(row), text);
}

void star_seconds(struct star_row *row, __u64 ns)
{
	char text[BUF_DECIMAL_LEN + 1];
	char *end = text + BUF_DECIMAL_LEN;

	*end = '\0';
	number(row, buf_decimal_before(end, ns, 9));
}

void star_double(struct star_row *row, double value)
{
	char text[40];

	snprintf(text, sizeof(text), "%.9g", value);
	if (isfinite(value))
		number(row, text);
	else
		star_empty(row);
}

static struct tm utc_of(time_t seconds)
{
	struct tm tm = { 0 };

	gmtime_r(&seconds, &tm);
	return tm;
}

static struct tm utc(__u64 wall_ns)
{
	return utc_of(wall_ns / NS_PER_S);
}

static void date(struct star_row *row, const struct tm *tm, const char *behind)
{
	buf_printf(cell(row), "%04d-%02d-%02d%s", 1900 + tm->tm_year, 1 + tm->tm_mon, tm->tm_mday,
		   behind);
}

static __u64 month_number(const struct tm *tm)
{
	return (__u64)(1900 + tm->tm_year) * 100 + (__u64)tm->tm_mon + 1;
}

void star_moment(struct star_row *row, __u64 wall_ns)
{
	const struct tm tm = utc(wall_ns);
	char clock[40];

	snprintf(clock, sizeof(clock), " %02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
	date(row, &tm, clock);
}

void star_date_key(struct star_row *row, __u64 wall_ns)
{
	const struct tm tm = utc(wall_ns);

	star_u64(row, month_number(&tm) * 100 + (__u64)tm.tm_mday);
}

/* A week is of the year that has its Thursday, and its number is that of the Thursday (ISO 8601). */
void star_calendar(struct star_row *row, __u64 day)
{
	const time_t day_s = DAY_NS / NS_PER_S;
	const struct tm tm = utc_of(day * day_s);
	const unsigned int weekday = (tm.tm_wday + 6) % 7; /* 0 is Monday */
	const struct tm thursday = utc_of((day + 3 - weekday) * day_s);

	star_date_key(row, day * DAY_NS);
	date(row, &tm, "");
	star_u64(row, 1900 + tm.tm_year);
	star_u64(row, 1 + tm.tm_mon / 3);
	star_u64(row, 1 + tm.tm_mon);
	star_u64(row, tm.tm_mday);
	star_u64(row, month_number(&tm));
	star_u64(row, 1900 + thursday.tm_year);
	star_u64(row, 1 + thursday.tm_yday / 7);
	star_u64(row, 1 + weekday);
}

void star_end(struct star_row *row)
{
	buf_str(row->out, CSV_EOL);
	row->begun = false;
}
