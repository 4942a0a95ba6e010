/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * history_findings.h - the findings that a state directory's log has, as marks and as stories.
 *
 * Owns: which are remembered, and the documents. Not here: the log's lines (log/findings_log.h).
 */
#ifndef VIGIE_DAEMON_HISTORY_FINDINGS_H
#define VIGIE_DAEMON_HISTORY_FINDINGS_H

#include "base/json_writer.h"
#include "data/finding.h"
#include "log/findings_log.h"

struct finding_mark {
	char id[FINDING_ID_LEN];
	char rule[64], severity[12], message[512];
	struct finding_life life;
};

struct finding_marks {
	struct finding_mark *all; /* in the order of their starts */
	size_t n, capacity;
	__u64 read_ns; /* CLOCK_MONOTONIC; 0: never */
	__u64 log_inode, log_size; /* of the log as it was read */
};

void finding_marks_done(struct finding_marks *marks);
/* Reads the log if that is some seconds ago. A log that is not there has none. 0 or -ENOMEM. */
int finding_marks_read(struct finding_marks *marks, int state_dir);
/* An array of those whose time meets this one, the latest of too many. */
void finding_marks_put(const struct finding_marks *marks, struct json *j, const char *name,
		       __u64 from_ns, __u64 to_ns);
/* The whole story. 0; -ENOENT: no such finding; or -errno. */
int finding_story_put(int state_dir, const char *id, struct buf *out);

#endif
