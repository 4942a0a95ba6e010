/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sleepers.h - passes over the sleeping threads, in a process that may hang.
 *
 * Reading another process' stack may fault its pages in, from a disk or from a file system whose
 * owner never answers. So a child reads; one that is silent is left behind, and another goes on
 * without the stack at which that happened.
 */
#ifndef VIGIE_PROFILE_SLEEPERS_H
#define VIGIE_PROFILE_SLEEPERS_H

#include "profile/capture.h"

struct sleepers;

/* hz passes a second, from now on. 0 or -errno (-EOPNOTSUPP: this kernel has none). */
int sleepers__start(const struct capture *capture, unsigned int hz, struct sleepers **ret);
void sleepers__free(struct sleepers *s); /* ends the child; accepts NULL */
/* Hands out what is there. Returns whether it still lives. */
bool sleepers__poll(struct sleepers *s, __u64 now_ns, capture_fn fn, void *ctx);
unsigned int sleepers__hangs(const struct sleepers *s); /* children that were left behind */
__u64 sleepers__cpu_ns(const struct sleepers *s);

#endif
