/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * history_events.h - what was written to the log of a state directory since, as one document.
 *
 * Owns: the document and its bound. Not here: finding the place (log/log_since.h).
 */
#ifndef VIGIE_DAEMON_HISTORY_EVENTS_H
#define VIGIE_DAEMON_HISTORY_EVENTS_H

#include "base/buf.h"

/*
 * Lines of the log whose number is greater, as many as there is room for; UINT64_MAX: none, only the
 * last number. 0; -ENOENT: there is no log; -errno.
 */
int history_events_put(int state_dir, uint64_t after, struct buf *out);

#endif
