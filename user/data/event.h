/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * event.h - one record of the log, whatever it will be written as.
 *
 * Owns: the record that the three encoders (ECS, journald, text) draw: an operational
 * message of vigie, a finding, or a verdict. It points to what the caller keeps; nothing
 * is copied. All texts are sanitised. Not here: sequence and chain, which belong to the
 * file that the record ends up in (log/chain.h).
 */
#ifndef VIGIE_DATA_EVENT_H
#define VIGIE_DATA_EVENT_H

#include "data/finding.h"

enum event_kind { EVENT_MESSAGE, EVENT_FINDING, EVENT_VERDICT };

struct event {
	enum event_kind kind;
	enum severity level;
	__u64 wall_ns; /* CLOCK_REALTIME */
	const char *action; /* ECS event.action: "finding-start", "serving", "snapshot-failed" */
	const char *message; /* one line */
	int err; /* negative errno, or 0: ECS error.code */
	const struct finding *finding; /* EVENT_FINDING; with EVENT_VERDICT it may be NULL */
	const struct verdict *verdict; /* EVENT_VERDICT */
};

/*
 * The event that a finding makes at its begin, update and end, the same for the log, the folder
 * of evidence and a replay. It points to the finding.
 */
struct event event_of_finding(const struct finding *finding);
/*
 * Is the finding, as it is now, worth a folder that takes what goes on? Not a lead: a hundred of
 * them would push an incident out. Not what is called benign, and not what is over.
 */
bool finding_wants_evidence(const struct finding *finding);

/* Who writes the log: alike in all records of a run. */
struct origin {
	char host_name[65];
	char host_id[33]; /* see base/host_id.h; "" where there is none */
	char boot_id[37]; /* /proc/sys/kernel/random/boot_id */
	char kernel[65]; /* uname -r */
	const char *version; /* vigie's */
	__u32 pid; /* of the daemon */
};

#endif
