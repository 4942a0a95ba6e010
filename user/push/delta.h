/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * push/delta.h - how much each counter grew since it was last passed on.
 *
 * Owns: the memory of values, by series. What was encoded is pending until it is kept: a body that a
 * destination did not take in is in the next difference. Not here: what a series is called.
 */
#ifndef VIGIE_PUSH_DELTA_H
#define VIGIE_PUSH_DELTA_H

#include "push/page.h"

struct delta;

int delta__new(struct delta **ret);
void delta__free(struct delta *delta);
/* A page of this time begins; what was pending is dropped. */
void delta__begin(struct delta *delta);
/*
 * Growth of a counter's sample, and since when. 0; -ENODATA: none that is known, for it is new, was
 * set back, or time ran backwards; -ENOSPC: no place to remember it; -ENOMEM.
 */
int delta__take(struct delta *delta, const struct page *page, const struct page_sample *sample,
		__u64 time_ns, double *ret, __u64 *ret_since_ns);
void delta__drop(struct delta *delta); /* what is pending */
void delta__mark(struct delta *delta); /* what was taken so far stands in a body */
void delta__keep(struct delta *delta); /* that body was kept, up to the mark */
void delta__end(struct delta *delta); /* forgets what has long been gone */

#endif
