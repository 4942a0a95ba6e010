/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * signals.h - which signals we were started with ignored or blocked, and a child that has them so.
 *
 * Of all 64, which libc's own functions are not: it keeps two of them to itself.
 */
#ifndef VIGIE_APP_SIGNALS_H
#define VIGIE_APP_SIGNALS_H

#include <linux/types.h>

/*
 * Call first, before anything changes them. An ignored SIGCHLD is no longer ignored then: nobody who
 * waits for a child would hear how it ended.
 */
void signals_init(void);
/* Blocks all, and tells which were. Around a fork: none comes to a child that is not yet itself. */
__u64 signals_block(void);
void signals_unblock(__u64 before);
/* Those of signals_init(), all others at their default: what exec makes of ours is the same then. */
void signals_give_back(void);

#endif
