/* SPDX-License-Identifier: GPL-2.0-only */
/* profile_walk.h - a sample's stack as a path of names, alike in every format. */
#ifndef VIGIE_EXPORT_PROFILE_WALK_H
#define VIGIE_EXPORT_PROFILE_WALK_H

#include "data/profile.h"

enum { PROFILE_STEPS_MAX = 2048, PROFILE_STEP_NAME = 512 };

/* One function: a frame's nth line, 0 being the innermost of what is inlined there. */
struct profile_step {
	__u32 frame, nth;
};

/* From the thread's first function to the innermost. Returns how many; deeper ones are cut. */
size_t profile_steps(const struct profile *p, __u32 node, struct profile_step *steps, size_t max);
/* Sanitised. Returns dst. */
char *profile_step_name(const struct profile *p, const struct profile_step *step, char *dst,
			size_t size);
/* What the view puts before the stack: the reason, the culprit, the waker. "" where nothing. */
char *profile_lead(const struct profile *p, const struct profile_sample *s, char *dst, size_t size);
char *profile_clean(const struct profile *p, __u32 string, char *dst, size_t size); /* sanitised */
/* Inlined into its caller: all but the last line of a frame. */
bool profile_step_inlined(const struct profile *p, const struct profile_step *step);

#endif
