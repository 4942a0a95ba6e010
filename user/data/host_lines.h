/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * host_lines.h - what the whole machine did in a view's interval, a line on each of three matters.
 *
 * Owns: their words, as `vigie once` and `vigie top` have them. No line ends here: appended to a buf.
 */
#ifndef VIGIE_DATA_HOST_LINES_H
#define VIGIE_DATA_HOST_LINES_H

#include "base/buf.h"
#include "data/view.h"

void host_cpu_line(struct buf *line, const struct view *view);
void host_memory_line(struct buf *line, const struct view *view);
void host_task_line(struct buf *line, const struct view *view);
/* "0.701s": milliseconds are enough for a person. */
void host_seconds(struct buf *line, __u64 ns);

#endif
