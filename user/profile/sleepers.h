/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sleepers.h - passes over the sleeping threads, in a process that may hang.
 *
 * Reading another process' stack may fault its pages in, from a disk or from a file system whose
 * owner never answers. So a child reads, and a session that hears nothing goes on without.
 */
#ifndef VIGIE_PROFILE_SLEEPERS_H
#define VIGIE_PROFILE_SLEEPERS_H

#include "profile/capture.h"

struct sleepers;

/* hz passes a second, from now on. 0 or -errno (-EOPNOTSUPP: this kernel has none). */
int sleepers__start(struct capture *capture, unsigned int hz, struct sleepers **ret);
void sleepers__free(struct sleepers *s); /* ends the child; accepts NULL */
/* Hands out what is there. Returns whether it still lives. */
bool sleepers__poll(struct sleepers *s, __u64 now_ns, capture_fn fn, void *ctx);
__u64 sleepers__cpu_ns(const struct sleepers *s);

#endif
