/* SPDX-License-Identifier: GPL-2.0-only */
/* xstate.h - how much of the FPU's state the kernel saves in a signal's frame on this machine. */
#ifndef VIGIE_PROFILE_XSTATE_H
#define VIGIE_PROFILE_XSTATE_H

#include <linux/types.h>
#include <stdbool.h>
#include <vigie/abi_profile.h>

enum { XSTATE_STATES = 63 };

/* What CPUID says, or what a test makes up. */
struct xstate_cpu {
	__u64 enabled; /* by the kernel: XCR0 */
	struct xstate_state {
		__u32 size, place;
		bool on_request; /* not every thread has it: arch_prctl(ARCH_REQ_XCOMP_PERM) */
	} states[XSTATE_STATES];
};

/*
 * Bytes of such sizes are with the word that marks their end. They are different, the likelier first; 0: no
 * more of them.
 *
 * First as measured: what the kernel saves for a thread that has asked for nothing, such as ours. Then with what
 * only some threads have, as CPUID lays it out (AMX: 11 012 instead of 2 820).
 */
void xstate_sizes(__u32 ret[VIGIE_XSTATE_SIZES]);

/* Parts of it, for tests. The measurement raises SIGURG, of which nobody else notices anything. 0: failed. */
__u32 xstate_measure(void);
void xstate_sizes_of(const struct xstate_cpu *cpu, __u32 measured, __u32 ret[VIGIE_XSTATE_SIZES]);
/* What a frame says of itself: the first 512 bytes of what is saved. */
__u32 xstate_of_frame(const void *fpstate);

#endif
