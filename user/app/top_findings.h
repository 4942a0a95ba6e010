/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * top_findings.h - what was found, and when: of a log, and of what is watched now.
 *
 * Owns: the list by time. Not here: detection (detect/), reading a log (log/findings_log.h).
 */
#ifndef VIGIE_APP_TOP_FINDINGS_H
#define VIGIE_APP_TOP_FINDINGS_H

#include <stddef.h>

#include "base/hash.h"
#include "data/finding.h"
#include "tui/tui.h"

enum { TOP_ACTIVE_MAX = 32 };

struct top_findings {
	struct tui_finding *all; /* in the order in which they began */
	size_t n, capacity, max; /* how many there may be, then the older half goes; 0: 65 536 */
	bool unordered; /* … not yet: one came late */
	struct hash by_id, by_pattern; /* places in it; of a pattern the last one's */
	struct tui_finding active[TOP_ACTIVE_MAX]; /* at the moment that was asked about last */
	struct detect *detect; /* of what is watched by ourselves; or NULL */
};

void top_findings_done(struct top_findings *findings);
/* All that the log in the state directory has. Where there is none, none. 0 or -ENOMEM. */
int top_findings_read(struct top_findings *findings, const char *directory);
/* Judges a live view. 0 or -errno. */
int top_findings_judge(struct top_findings *findings, const struct view *view);
/* Those under way then, the worst first, in findings->active; returns how many. */
size_t top_findings_at(struct top_findings *findings, __u64 wall_ns);
/* The nearest that began after (step 1) or before (-1) that moment; NULL: there is none. */
const struct tui_finding *top_findings_beside(const struct top_findings *findings, __u64 wall_ns,
					      int step);

#endif
