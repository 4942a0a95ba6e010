/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * walk.h - the stack of a sample as the names that every format shows.
 *
 * Owns: the order (process, what it waited for, outermost to innermost function, inlined ones
 * expanded) and the one place where a profile's names are sanitised. Not here: any format's
 * quoting and marks.
 */
#ifndef VIGIE_REPORT_WALK_H
#define VIGIE_REPORT_WALK_H

#include "base/buf.h"
#include "data/profile.h"

enum profile_step_kind {
	PROFILE_STEP_PROCESS, /* name: the process's */
	PROFILE_STEP_TAG, /* name: the reason, or the party */
	PROFILE_STEP_FRAME,
};

struct profile_step {
	const char *name; /* sanitised; lives as long as the walk */
	enum profile_step_kind kind;
	__u32 frame, nth; /* of PROFILE_STEP_FRAME: the frame's nth line, innermost 0 */
	__u32 entry; /* likewise: a number for (frame, nth), below nentries */
};

/* The profile must not change meanwhile. */
struct profile_walk {
	const struct profile *p;
	struct buf text; /* sanitised names, each with its NUL */
	size_t *strings, *parties, *frames; /* where in text; frames: of those without a line */
	__u32 *first; /* frame -> its first entry */
	__u32 nentries;
	struct profile_step *steps; /* of the sample that was asked for last */
	__u32 nsteps;
	size_t room;
};

/* 0 or -ENOMEM. */
int profile_walk_init(struct profile_walk *w, const struct profile *p);
void profile_walk_done(struct profile_walk *w); /* also after a failed init */

/* Fills steps, root first. 0 or -ENOMEM. */
int profile_walk_sample(struct profile_walk *w, const struct profile_sample *s);

const char *profile_walk_text(const struct profile_walk *w, __u32 string); /* 0: "(no name)" */
const char *profile_walk_party(const struct profile_walk *w, __u32 party);
const char *profile_walk_name(const struct profile_walk *w, __u32 frame, __u32 nth);
__u32 profile_walk_lines(const struct profile *p, __u32 frame); /* at least 1 */
/* Is the nth line inlined into the next? */
bool profile_walk_inlined(const struct profile *p, __u32 frame, __u32 nth);
/* The reason or party of a sample; NULL where its view has none. */
const char *profile_walk_tag(const struct profile_walk *w, const struct profile_sample *s);

#endif
