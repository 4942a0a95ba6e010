// SPDX-License-Identifier: GPL-2.0-only
/*
 * text.c - owns an event as a line in the layout of Python's logging.
 *
 * The subset of its format strings that says something of vigie; a test holds the result
 * against Python's own Formatter.
 */
#include "log/encode.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/units.h"

static const unsigned int levelno[SEVERITIES] = { 10, 20, 30, 40, 50 };

static void put_asctime(struct buf *out, const struct event *e, const struct origin *origin)
{
	time_t seconds = e->wall_ns / NS_PER_S;
	char text[40];
	struct tm tm;

	if (!localtime_r(&seconds, &tm))
		return;
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	buf_printf(out, "%s,%03u", text, (unsigned int)(e->wall_ns % NS_PER_S / NS_PER_MS));
}

static void put_levelname(struct buf *out, const struct event *e, const struct origin *origin)
{
	const char *name;

	for (name = severity_name(e->level); *name; name++)
		buf_char(out, toupper((unsigned char)*name));
}

static void put_levelno(struct buf *out, const struct event *e, const struct origin *origin)
{
	buf_u64(out, levelno[e->level]);
}

static void put_name(struct buf *out, const struct event *e, const struct origin *origin)
{
	buf_str(out, "vigie");
}

static void put_process(struct buf *out, const struct event *e, const struct origin *origin)
{
	buf_u64(out, origin->pid);
}

static void put_msecs(struct buf *out, const struct event *e, const struct origin *origin)
{
	buf_printf(out, "%03u", (unsigned int)(e->wall_ns % NS_PER_S / NS_PER_MS));
}

/* A line stays one: the sanitiser has seen to it, and this is the last place to. */
static void put_message(struct buf *out, const struct event *e, const struct origin *origin)
{
	const char *c;

	for (c = e->message; *c; c++)
		buf_char(out, (unsigned char)*c < ' ' ? ' ' : *c);
}

static const struct {
	const char *name;
	void (*put)(struct buf *out, const struct event *e, const struct origin *origin);
} fields[] = {
	{ "%(asctime)s", put_asctime }, { "%(levelname)s", put_levelname },
	{ "%(levelno)s", put_levelno }, { "%(levelno)d", put_levelno },
	{ "%(name)s", put_name },	{ "%(process)d", put_process },
	{ "%(process)s", put_process }, { "%(msecs)03d", put_msecs },
	{ "%(message)s", put_message },
};
enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

/* Which field stands at this place; -1: none. */
static int field_at(const char *text)
{
	int i;

	for (i = 0; i < FIELDS; i++)
		if (!strncmp(text, fields[i].name, strlen(fields[i].name)))
			return i;
	return -1;
}

int event_text_check_format(const char *format, const char **ret_why)
{
	const char *c = format;
	int field;

	while (*c) {
		if ((unsigned char)*c < ' ') {
			*ret_why = "one line of text";
			return -EINVAL;
		}
		if (*c != '%' || c[1] == '%') {
			c += 1 + (*c == '%');
			continue;
		}
		field = field_at(c);
		if (field < 0) {
			*ret_why = "made of %(asctime)s %(levelname)s %(levelno)d %(name)s "
				   "%(process)d %(msecs)03d %(message)s and %%";
			return -EINVAL;
		}
		c += strlen(fields[field].name);
	}
	return 0;
}

void event_text_encode(struct buf *out, const struct event *e, const struct origin *origin,
		       const char *format)
{
	const char *c = format ? format : EVENT_TEXT_FORMAT;
	int field;

	while (*c) {
		field = *c == '%' ? field_at(c) : -1;
		if (field >= 0) {
			fields[field].put(out, e, origin);
			c += strlen(fields[field].name);
			continue;
		}
		buf_char(out, *c);
		c += *c == '%' ? 2 : 1;
	}
	buf_char(out, '\n');
}
