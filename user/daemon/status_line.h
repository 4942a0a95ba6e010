/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * status_line.h - one line on how it goes, for `systemctl status`.
 *
 * Owns: its words, and over how long our own cost is averaged. Not here: who is told (notify.h).
 */
#ifndef VIGIE_DAEMON_STATUS_LINE_H
#define VIGIE_DAEMON_STATUS_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

struct status_line {
	__u64 since_ns, since_cpu_ns; /* where the average begins; 0: nowhere yet */
	__u64 per_mille; /* of a core, tenths of a percent */
	bool known;
};

struct status_figures {
	__u64 now_ns; /* CLOCK_MONOTONIC */
	__u64 cpu_ns; /* used by our processes since they began */
	__u64 processes, findings;
};

/* "92 processes, 3 findings, 0.2 % of a core"; the cost is left out for the first ten seconds. */
void status_line_make(struct status_line *line, const struct status_figures *figures, char *dst,
		      size_t dst_size);

#endif
