/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * naming.h - the frames of a profile get names, then source lines, from a symbolizer's modules.
 *
 * Owns: which frames are asked for, hottest first, and within what time. Not here: where the
 * files come from (space.h, debugdir.h), what reads them (symbolizer.h).
 */
#ifndef VIGIE_PROFILE_NAMING_H
#define VIGIE_PROFILE_NAMING_H

#include "data/profile.h"
#include "profile/symbolizer.h"

enum { NAMING_LINES_MS = 2000 }; /* unless it is said otherwise */

struct naming {
	struct profile *p;
	struct symbolizer *symbolizer;
	__u32 *symbolizers; /* the profile's module -> the symbolizer's; 0: it has none */
	symbolizer_debug_fn debug;
	void *ctx; /* of debug */
	unsigned int lines_ms; /* for the lines of the whole profile */
	int err; /* of the profile: sticky */
	/* Of the batch that is asked for. */
	const __u64 *addresses;
	const __u32 *frames;
	__u32 n;
};

/* Zeroed symbolizers for the profile's modules. 0 or -ENOMEM. */
int naming_init(struct naming *n, struct profile *p, struct symbolizer *symbolizer,
		symbolizer_debug_fn debug, void *ctx);
void naming_done(struct naming *n);

/* Names the unnamed frames of one module; a file that kills the symbolizer gives none. */
void naming_module(struct naming *n, __u32 module);
/* Source lines and inlined functions of all that have names, within lines_ms. 0 or -errno. */
int naming_lines(struct naming *n);

#endif
