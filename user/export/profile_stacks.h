/* SPDX-License-Identifier: GPL-2.0-only */
/* profile_stacks.h - the stacks of one view as lines of text, equal ones added up, in order. */
#ifndef VIGIE_EXPORT_PROFILE_STACKS_H
#define VIGIE_EXPORT_PROFILE_STACKS_H

#include "base/buf.h"
#include "data/profile.h"

struct profile_stack_line {
	const char *text; /* "process;reason;main;work" */
	__u64 value;
};

struct profile_stacks {
	struct buf text;
	struct profile_stack_line *lines; /* by text; no two alike */
	size_t n;
	__u64 total;
};

/* 0 or -ENOMEM, -E2BIG. Lines of no value are left out. */
int profile_stacks_make(struct profile_stacks *s, const struct profile *p, enum profile_view view);
void profile_stacks_done(struct profile_stacks *s);

#endif
