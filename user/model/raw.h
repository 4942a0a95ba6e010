/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * raw.h - what the files of struct groups share among themselves.
 *
 * Owns: nothing beyond groups.h; only groups.c, raw.c and kernel_rest.c include it.
 */
#ifndef VIGIE_MODEL_RAW_H
#define VIGIE_MODEL_RAW_H

#include "model/groups.h"

struct group *groups_find_or_make(struct groups *groups, const struct labels *labels);
/* Drops raw keys not seen since forget_ns ago; all that are unseen if pressed. */
void raw_sweep(struct groups *groups, __u64 now_ns, __u64 forget_ns, bool pressed);

#endif
