/* SPDX-License-Identifier: GPL-2.0-only */
/* rules.h - the rules by name. The table is in rules.c; only detect includes this. */
#ifndef VIGIE_DETECT_RULES_H
#define VIGIE_DETECT_RULES_H

#include "data/finding.h"

enum rule_id {
	RULE_OOM_KILL,
	RULE_STARVATION,
	RULE_MEMORY_STALL,
	RULE_THROTTLED,
	RULE_FORK_STORM,
	RULE_RUNAWAY,
	RULE_SWAP_STORM,
	RULE_CRASH_LOOP,
	RULE_SELF_LOSS,
	RULE_GROWTH,
	RULE_DEPARTURE_CPU,
	RULE_DEPARTURE_WAIT,
	RULE_DEPARTURE_MEMORY,
	RULE_DEPARTURE_FAULTS,
	RULE_DEPARTURE_SWITCHES,
	RULES,
};

extern const struct rule rules[RULES];

#endif
