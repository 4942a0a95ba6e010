/* SPDX-License-Identifier: GPL-2.0-only */
/* capture_targets.h - PURE: which processes a finding's profiling session is to look at. */
#ifndef VIGIE_DAEMON_CAPTURE_TARGETS_H
#define VIGIE_DAEMON_CAPTURE_TARGETS_H

#include "daemon/profiler_wire.h"
#include "data/view.h"

/*
 * Fills targets: the culprits, the largest share first, then the processes that the finding is
 * about; of a group or unit the process that takes most CPU, or has most memory where it takes
 * none. No kernel threads, not vigie (self and its children), none twice. Returns how many.
 */
unsigned int capture_targets_of(const struct finding *finding, const struct view *view, __u32 self,
				struct profiler_target targets[PROFILER_TARGETS]);

#endif
