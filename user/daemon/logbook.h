/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * logbook.h - one event, encoded for every place that takes it.
 *
 * Owns: the level below which nothing is written, and which encoder feeds which place. The
 * bytes go to the writer; before there is one, and after it is gone, text goes to standard
 * error directly. Not here: what an event looks like (log/encode.h).
 */
#ifndef VIGIE_DAEMON_LOGBOOK_H
#define VIGIE_DAEMON_LOGBOOK_H

#include "daemon/writer.h"
#include "data/event.h"

struct logbook {
	enum severity level; /* the least that is written */
	const char *format; /* of text lines; NULL: Python's default */
	bool text, journal, file; /* where events go */
	struct origin origin;
	struct writer *writer; /* or NULL */
	struct buf scratch;
	__u64 written[SEVERITIES]; /* events, by level */
	__u64 unwritten; /* events that could be written nowhere */
};

/* Fills in the origin; text only, level info. Nothing stays open. */
void logbook_init(struct logbook *book);
void logbook_done(struct logbook *book);
/* True if standard error leads to journald: then it gets events, not text. */
bool logbook_is_journaled(void);

void logbook_event(struct logbook *book, const struct event *event);
/* An operational message: err is 0 or a negative errno, whose name is appended. */
void logbook_say(struct logbook *book, enum severity level, const char *action, int err,
		 const char *fmt, ...) __attribute__((format(printf, 5, 6)));

#endif
