// SPDX-License-Identifier: GPL-2.0-only
/* xstate.c - owns the reading of CPUID's leaf of extended states. */
#include "profile/xstate.h"

#include <cpuid.h>

enum {
	LEAF = 0xd,
	LEGACY = 576, /* of x87 and SSE, and the header */
	FIRST = 2, /* the first state with a place of its own */
	AMX_CONFIG = 17, /* these two only on request: arch_prctl(ARCH_REQ_XCOMP_PERM) */
	AMX_DATA = 18,
	END_MARK = 4, /* FP_XSTATE_MAGIC2 */
};

static __u64 enabled(void)
{
	__u32 low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (__u64)high << 32 | low;
}

void xstate_sizes(__u32 ret[2])
{
	__u32 a, b, c, d, i, without = LEGACY;
	__u64 states;

	ret[0] = ret[1] = 0;
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
		return;
	states = enabled();
	for (i = FIRST; i < 63; i++) {
		if (!(states >> i & 1) || i == AMX_CONFIG || i == AMX_DATA ||
		    !__get_cpuid_count(LEAF, i, &a, &b, &c, &d))
			continue;
		if (a + b > without) /* size and place */
			without = a + b;
	}
	if (__get_cpuid_count(LEAF, 0, &a, &b, &c, &d))
		ret[0] = b + END_MARK;
	ret[1] = without + END_MARK;
}
