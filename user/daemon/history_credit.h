/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * history_credit.h - how much CPU time answers for the past may take. PURE.
 *
 * Owns: a fifth of a core in the long run, ten seconds of one at once. What an answer takes is known when it is
 * made: it may overdraw, and the next ones wait for that. Not here: what one answer may take (history_child.c).
 */
#ifndef VIGIE_DAEMON_HISTORY_CREDIT_H
#define VIGIE_DAEMON_HISTORY_CREDIT_H

#include <linux/types.h>
#include <stdbool.h>

#include "base/units.h"

enum { HISTORY_SHARE = 5 };
#define HISTORY_CREDIT_MAX_NS ((__s64)(10 * NS_PER_S))

struct history_credit {
	__s64 left_ns;
	/* As of the last account: a steady clock, and the process' CPU time. */
	__u64 seen_ns, cpu_ns;
};

static inline void history_credit_init(struct history_credit *credit, __u64 now_ns, __u64 cpu_ns)
{
	*credit = (struct history_credit){ HISTORY_CREDIT_MAX_NS, now_ns, cpu_ns };
}

static inline void history_credit_account(struct history_credit *credit, __u64 now_ns, __u64 cpu_ns)
{
	credit->left_ns += (__s64)((now_ns - credit->seen_ns) / HISTORY_SHARE) -
			   (__s64)(cpu_ns - credit->cpu_ns);
	if (credit->left_ns > HISTORY_CREDIT_MAX_NS)
		credit->left_ns = HISTORY_CREDIT_MAX_NS;
	credit->seen_ns = now_ns;
	credit->cpu_ns = cpu_ns;
}

static inline bool history_credit_is_spent(const struct history_credit *credit)
{
	return credit->left_ns < 0;
}

#endif
