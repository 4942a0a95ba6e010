/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * encode.h - one event, three encodings. PURE.
 *
 * Owns: Elastic Common Schema 8.17 as nested JSON, journald's native protocol, and a line in
 * the layout of Python's logging. docs/log.md has the fields. Texts arrive sanitised; never in
 * an event: arguments, environment. Not here: sequence and hash (chain.h), sockets, files.
 */
#ifndef VIGIE_LOG_ENCODE_H
#define VIGIE_LOG_ENCODE_H

#include "base/buf.h"
#include "data/event.h"

#define EVENT_TEXT_FORMAT "%(asctime)s - %(levelname)s - %(message)s"

/*
 * The line but its end: "event", the last member, is open, for the owner of the file to seal
 * with a sequence number and a hash. event_ecs_close() ends it without.
 */
void event_ecs_encode(struct buf *out, const struct event *event, const struct origin *origin);
void event_ecs_close(struct buf *out);

/* One datagram. */
void event_journal_encode(struct buf *out, const struct event *event, const struct origin *origin);

/* format NULL: EVENT_TEXT_FORMAT. Must have passed event_text_check_format(). */
void event_text_encode(struct buf *out, const struct event *event, const struct origin *origin,
		       const char *format);
/* 0, or -EINVAL with *ret_why completing "FORMAT is not …". */
int event_text_check_format(const char *format, const char **ret_why);

#endif
