/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * when.h - moments as people write them.
 *
 * "now", "10 min ago", "2h ago", "14:03", "14:03:20" (today, or yesterday if that is still to
 * come), "2026-11-25 14:03:00" (local time), "2026-11-25T14:03:00Z", "@1795622580".
 */
#ifndef VIGIE_BASE_WHEN_H
#define VIGIE_BASE_WHEN_H

#include <linux/types.h>

#define WHEN_ALLOWED \
	"a moment such as 'now', '10 min ago', '14:03', '2026-11-25 14:03:00', @1795622580"

/* 0 or -EINVAL with *ret_ns untouched. */
int when_parse(const char *text, __u64 now_ns, __u64 *ret_ns);
/* "2026-11-25 14:03:20" in local time; dst has 20 bytes. */
void when_format(__u64 wall_ns, char dst[20]);

#endif
