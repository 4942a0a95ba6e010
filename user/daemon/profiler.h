/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * profiler.h - the process that profiles programs as a finding begins.
 *
 * A profiling session needs privileges, and the main process has given them up. So the profiler
 * is forked before that, keeps the capabilities that a session needs and no others (confine.h),
 * reads from the main process only, and sleeps. On request it profiles for some seconds the
 * processes that a finding names. It limits by itself how often, and passes the result to the
 * writer; the main process gets the outcome and figures only.
 *
 * Owns: the life of that process and the requests. Not here: which processes
 * (capture_targets.h), the session (profile/).
 */
#ifndef VIGIE_DAEMON_PROFILER_H
#define VIGIE_DAEMON_PROFILER_H

#include <stdbool.h>

#include "daemon/profiler_wire.h"

struct profiler;

/*
 * Forks, to be called as root and before the writer; *ret_writer is the writer's end, to be
 * closed by the caller once the writer is forked. runtime_root as in pipeline_options; NULL: in
 * sessions containers go by their ids. 0, or -errno with *ret_what (static).
 */
int profiler__start(const char *runtime_root, struct profiler **ret, int *ret_writer,
		    const char **ret_what);
/* Closes; a session that runs is ended without a result. Accepts NULL. */
void profiler__free(struct profiler *profiler);

/* Readable when there is an answer of the profiler; -1: it is gone. */
int profiler__fd(const struct profiler *profiler);
/* Reads one answer. True: *ret is filled in, and there may be more. */
bool profiler__listen(struct profiler *profiler, struct profiler_said *ret);
/* Never waits. 0, or -errno: not asked (-EPIPE: it is gone). */
int profiler__ask(struct profiler *profiler, const struct profiler_ask *ask);
/* Its last answer, with all totals; NULL: none yet. */
const struct profiler_said *profiler__last(const struct profiler *profiler);

/* "captured", "busy", "limited", "gone", "failed". */
const char *profiler_outcome_name(enum profiler_outcome outcome);

#endif
