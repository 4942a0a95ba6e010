// SPDX-License-Identifier: GPL-2.0-only
/* status_line.c - owns the words of the status line and the average in it. */
#include "daemon/status_line.h"

#include <stdio.h>

#include "base/units.h"

/* A snapshot's cost comes all at once: over less than several of them the figure would jump. */
#define AVERAGE_NS (10 * NS_PER_S)

static void average(struct status_line *line, const struct status_figures *figures)
{
	__u64 passed = figures->now_ns - line->since_ns, used;

	if (line->since_ns && passed < AVERAGE_NS)
		return;
	if (line->since_ns) {
		/* A process of ours that ended took its figure along: nothing, not a huge number. */
		used = figures->cpu_ns > line->since_cpu_ns ? figures->cpu_ns - line->since_cpu_ns
							    : 0;
		line->per_mille = (used * 1000 + passed / 2) / passed;
		line->known = true;
	}
	line->since_ns = figures->now_ns;
	line->since_cpu_ns = figures->cpu_ns;
}

void status_line_make(struct status_line *line, const struct status_figures *figures, char *dst,
		      size_t dst_size)
{
	char cost[48] = "";

	average(line, figures);
	if (line->known)
		snprintf(cost, sizeof(cost), ", %llu.%llu %% of a core",
			 (unsigned long long)line->per_mille / 10,
			 (unsigned long long)line->per_mille % 10);
	snprintf(dst, dst_size, "%llu process%s, %llu finding%s%s",
		 (unsigned long long)figures->processes, figures->processes == 1 ? "" : "es",
		 (unsigned long long)figures->findings, figures->findings == 1 ? "" : "s", cost);
}
