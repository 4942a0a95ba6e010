/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * profiler.h - the process that looks inside a program as a finding begins.
 *
 * A profiling session needs privileges, and the main process has given them up. So the profiler
 * is forked before, keeps what a session needs and nothing else (confine.h), faces nobody but
 * us, and sleeps. Asked, it looks for a few seconds at the processes that a finding names: it
 * decides itself how often, and hands the result to the writer. The main process learns what
 * became of it, in numbers.
 *
 * Owns: the life of that process and the asking. Not here: whom a finding is about
 * (capture_targets.h), the session (profile/).
 */
#ifndef VIGIE_DAEMON_PROFILER_H
#define VIGIE_DAEMON_PROFILER_H

#include <stdbool.h>

#include "daemon/profiler_wire.h"

struct profiler;

/*
 * Forks, to be called as root and before the writer; *ret_writer is the writer's end, to be
 * closed by the caller once the writer is forked. 0, or -errno with *ret_what (static).
 */
int profiler__start(struct profiler **ret, int *ret_writer, const char **ret_what);
/* Closes; a session that runs is given up. Accepts NULL. */
void profiler__free(struct profiler *w);

/* Readable when the profiler has something to say; -1: it is gone. */
int profiler__fd(const struct profiler *w);
/* Takes one thing that it said. True: *ret is filled in, and there may be more. */
bool profiler__listen(struct profiler *w, struct profiler_said *ret);
/* Never waits. 0, or -errno: not asked (-EPIPE: it is gone). */
int profiler__ask(struct profiler *w, const struct profiler_ask *ask);
/* What it said last, with all totals; NULL: nothing yet. */
const struct profiler_said *profiler__last(const struct profiler *w);

/* "captured", "busy", "limited", "gone", "failed". */
const char *profiler_outcome_name(enum profiler_outcome outcome);

#endif
