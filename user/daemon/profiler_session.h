/* SPDX-License-Identifier: GPL-2.0-only */
/* profiler_session.h - one session for a finding, in a process of its own. */
#ifndef VIGIE_DAEMON_PROFILER_SESSION_H
#define VIGIE_DAEMON_PROFILER_SESSION_H

#include "daemon/profiler_wire.h"

/*
 * Looks for some seconds, then hands the file to the writer at parcels. *ret gets id, outcome,
 * err, what and figures. The caller holds the host's lock. All memory goes back with the process.
 */
void profiler_session(const struct profiler_ask *ask, int parcels, struct profiler_said *ret);

#endif
