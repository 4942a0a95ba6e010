// SPDX-License-Identifier: GPL-2.0-only
/* profiler_rate.c - owns the bounds of sessions that findings start. */
#include "daemon/profiler_rate.h"

#include "base/units.h"

#define GAP_NS (60 * NS_PER_S)
#define HOUR_NS (3600 * NS_PER_S)
#define SAME_NS (600 * NS_PER_S)

static bool seen_lately(const struct profiler_rate *rate, __u64 now_ns,
			const struct profiler_target *about)
{
	unsigned int i;

	for (i = 0; i < PROFILER_REMEMBERED; i++)
		if (rate->seen_ns[i] && now_ns - rate->seen_ns[i] < SAME_NS &&
		    rate->seen[i].pid == about->pid && rate->seen[i].start_ns == about->start_ns)
			return true;
	return false;
}

bool profiler_rate_take(struct profiler_rate *rate, __u64 now_ns,
			const struct profiler_target *about)
{
	__u64 last = rate->began_ns[(rate->next + PROFILER_PER_HOUR - 1) % PROFILER_PER_HOUR];
	__u64 oldest = rate->began_ns[rate->next];

	if ((last && now_ns - last < GAP_NS) || (oldest && now_ns - oldest < HOUR_NS) ||
	    seen_lately(rate, now_ns, about))
		return false;
	rate->began_ns[rate->next] = now_ns;
	rate->next = (rate->next + 1) % PROFILER_PER_HOUR;
	rate->seen[rate->next_seen] = *about;
	rate->seen_ns[rate->next_seen] = now_ns;
	rate->next_seen = (rate->next_seen + 1) % PROFILER_REMEMBERED;
	return true;
}
