// SPDX-License-Identifier: GPL-2.0-only
/*
 * history_events.c - owns the layout: a line of the document for each line of the log, so that who has
 * no reader of JSON can cut it by its newlines (push/feed.c does).
 */
#include "daemon/history_events.h"

#include <stdbool.h>

#include "base/json_writer.h"
#include "log/log_file.h"
#include "log/log_since.h"

enum { EVENTS_BYTES = 256 << 10, LOOKED_AT_BYTES = 1 << 20 };

struct events {
	struct buf lines;
	uint64_t next; /* the number to ask after the next time */
};

static int take(void *ctx, const char *line, size_t len, uint64_t sequence)
{
	struct events *e = ctx;

	if (e->lines.len && e->lines.len + len + 2 > EVENTS_BYTES)
		return false;
	buf_str(&e->lines, e->lines.len ? ",\n" : "\n");
	buf_add(&e->lines, line, len);
	e->next = sequence;
	return !e->lines.err;
}

int history_events_put(int state_dir, uint64_t after, struct buf *out)
{
	struct json j = { .out = out };
	struct events e = { .next = after };
	uint64_t last;
	int err = log_last_sequence(state_dir, LOG_FILE_NAME, &last);

	if (err)
		return err;
	buf_init(&e.lines, out->max);
	if (after < last)
		err = log_read_since(state_dir, LOG_FILE_NAME, after, LOOKED_AT_BYTES, take, &e);
	else
		e.next = last; /* also where the log began anew */
	if (!err)
		err = e.lines.err;
	if (!err) {
		json_open(&j, NULL, '{');
		json_text(&j, "schema", "vigie.events/1");
		json_u64(&j, "last", last);
		json_u64(&j, "next", e.next);
		json_open(&j, "events", '[');
		if (e.lines.len) {
			buf_add(out, e.lines.data, e.lines.len);
			buf_char(out, '\n');
		}
		json_close(&j, ']');
		json_close(&j, '}');
		buf_char(out, '\n');
	}
	buf_done(&e.lines);
	return err;
}
