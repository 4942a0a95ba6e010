/* SPDX-License-Identifier: GPL-2.0-only */
/* xstate.h - how much of the FPU's state the kernel saves in a signal's frame on this CPU. */
#ifndef VIGIE_PROFILE_XSTATE_H
#define VIGIE_PROFILE_XSTATE_H

#include <linux/types.h>

/*
 * Bytes, with the word that marks their end: for a thread that may use all that the kernel has
 * enabled, and for one that has not asked for what must be asked for (AMX). 0: not known.
 */
void xstate_sizes(__u32 ret[2]);

#endif
