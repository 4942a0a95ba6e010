/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * profiler.h - the process that looks inside a program as a finding begins.
 *
 * A profiling session needs privileges, and the main process has given them up. So the witness
 * is forked before, keeps what a session needs and nothing else (confine.h), faces nobody but
 * us, and sleeps. Asked, it looks for a few seconds at the processes that a finding names: it
 * decides itself how often, and hands the result to the scribe. The main process learns what
 * became of it, in numbers.
 *
 * Owns: the life of that process and the asking. Not here: whom a finding is about
 * (capture_targets.h), the session (profile/).
 */
#ifndef VIGIE_DAEMON_PROFILER_H
#define VIGIE_DAEMON_PROFILER_H

#include <stdbool.h>

#include "daemon/profiler_wire.h"

struct witness;

/*
 * Forks, to be called as root and before the scribe; *ret_scribe is the scribe's end, to be
 * closed by the caller once the scribe is forked. 0, or -errno with *ret_what (static).
 */
int witness__start(struct witness **ret, int *ret_scribe, const char **ret_what);
/* Closes; a session that runs is given up. Accepts NULL. */
void witness__free(struct witness *w);

/* Readable when the witness has something to say; -1: it is gone. */
int witness__fd(const struct witness *w);
/* Takes one thing that it said. True: *ret is filled in, and there may be more. */
bool witness__listen(struct witness *w, struct witness_said *ret);
/* Never waits. 0, or -errno: not asked (-EPIPE: it is gone). */
int witness__ask(struct witness *w, const struct witness_ask *ask);
/* What it said last, with all totals; NULL: nothing yet. */
const struct witness_said *witness__last(const struct witness *w);

/* "captured", "busy", "limited", "gone", "failed". */
const char *witness_outcome_name(enum witness_outcome outcome);

#endif
