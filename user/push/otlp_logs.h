/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * push/otlp_logs.h - a line of the findings' log as OTLP has it.
 *
 * Owns: the declaration. Not here: the request around it (otlp.c).
 */
#ifndef VIGIE_PUSH_OTLP_LOGS_H
#define VIGIE_PUSH_OTLP_LOGS_H

#include "base/buf.h"

/*
 * Appends a LogRecord's fields to out, with two buffers for what is under construction. 0;
 * -EBADMSG: no line of the log, out has a part of it; -ENOMEM, -E2BIG.
 */
int otlp_log_record(struct buf *out, struct buf *attribute, struct buf *value, const char *line,
		    size_t len);

#endif
