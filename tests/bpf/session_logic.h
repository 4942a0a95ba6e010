/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * session_logic.h - what the wrappers of session_logic.bpf.c and their runner say to each other:
 * arguments first, results after them.
 */
#ifndef VIGIE_TESTS_SESSION_LOGIC_H
#define VIGIE_TESTS_SESSION_LOGIC_H

/* waker_of() of a CPU that is in all of these; after runq_calm() if calm. */
struct session_waker {
	__u8 timer, interrupt, softirq, calm;
	__u32 kind;
};

/*
 * The caller's times, made up, as it leaves its CPU with this state and comes back: away for
 * away_ns, of which it waited wait_ns for a CPU.
 */
struct session_absence {
	__u64 away_ns, wait_ns;
	__u32 tid; /* the times' */
	__u32 state; /* of the kernel's TASK_ */
	__u32 early; /* 1: somebody, the caller, wakes it before it is seen to leave */
	__u8 timer, interrupt, softirq, zero; /* what the waker's CPU is in */
	__u32 wait_reason;
	__u32 wakes;
};

/* signal_frame() of the caller's memory below top: both 0 if there is none. */
struct session_frame {
	__u64 top;
	__u64 frame, sp;
};

#endif
