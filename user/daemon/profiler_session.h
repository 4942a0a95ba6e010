/* SPDX-License-Identifier: GPL-2.0-only */
/* profiler_session.h - one session for a finding, in a process of its own. */
#ifndef VIGIE_DAEMON_PROFILER_SESSION_H
#define VIGIE_DAEMON_PROFILER_SESSION_H

#include "daemon/profiler_wire.h"

/*
 * Profiles for some seconds, then sends the file to the writer through the socket parcels. *ret
 * gets id, outcome, err, what and figures. runtime_root as in profiler.h. The caller holds the
 * host's lock. All memory is freed with the process.
 */
void profiler_session(const struct profiler_ask *ask, const char *runtime_root, int parcels,
		      struct profiler_said *ret);

#endif
