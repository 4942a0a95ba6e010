/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kernel_rest.h - one group for the kernel threads that do next to nothing.
 *
 * A host has dozens of kinds of them, each with some forty series that hardly move. Their
 * increments go to this group, which has series of its own at all times, until one is large: then
 * it is shown by its name (claims.c). So every sum over a label is what it was.
 */
#ifndef VIGIE_MODEL_KERNEL_REST_H
#define VIGIE_MODEL_KERNEL_REST_H

#include "model/groups.h"

/* After rating, before places are given: makes the group as the first kernel thread is there. */
void kernel_rest_begin(struct groups *groups, __u64 now_ns);
/* When it is known who has a series: the others' interval goes to the group, if that has one. */
void kernel_rest_take(struct groups *groups);

#endif
