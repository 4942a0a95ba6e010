// SPDX-License-Identifier: GPL-2.0-only
/* event.c - owns which event a finding makes at its begin, update and end. */
#include "data/event.h"

/*
 * What a verdict calls benign is still on record, for who asks for it. The end of what was ever
 * told is told, too: who pairs begins and ends would wait for it.
 */
static enum severity finding_level(const struct finding *finding)
{
	if (finding->phase == FINDING_END)
		return finding->told ? SEVERITY_INFO : SEVERITY_DEBUG;
	return finding->silenced ? SEVERITY_DEBUG : finding->severity;
}

struct event event_of_finding(const struct finding *finding)
{
	static const char *const actions[] = {
		[FINDING_START] = "finding-start",
		[FINDING_UPDATE] = "finding-update",
		[FINDING_END] = "finding-end",
	};

	return (struct event){
		.kind = EVENT_FINDING,
		.level = finding_level(finding),
		.wall_ns = finding->now_wall_ns,
		.action = actions[finding->phase],
		.message = finding->message,
		.finding = finding,
	};
}

bool finding_wants_evidence(const struct finding *finding)
{
	return finding->severity >= SEVERITY_WARNING && !finding->silenced &&
	       finding->phase != FINDING_END;
}
