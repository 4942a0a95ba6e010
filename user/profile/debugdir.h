/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * debugdir.h - directories of debug files: which of their files is of which build.
 *
 * Owns: the layouts that are known (.build-id/xx/yyyy.debug, or files of any name), and their
 * bounds. Opens files, parses none: what a file is, the symbolizer says (symbolizer.h).
 */
#ifndef VIGIE_PROFILE_DEBUGDIR_H
#define VIGIE_PROFILE_DEBUGDIR_H

#include <stddef.h>

#include "profile/symbolizer.h"

/* A build that is looked for, and the best file of it so far. */
struct debugdir_build {
	const char *id; /* hex digits */
	unsigned int what; /* enum symbolizer_what of the file */
	int fd; /* -1: none */
};

/*
 * Looks for n builds below path. slot: a module number of the symbolizer's that nobody else uses.
 * 0; -E2BIG: there was more than is looked at; or -errno.
 */
int debugdir_search(const char *path, struct symbolizer *symbolizer, __u32 slot,
		    struct debugdir_build *builds, size_t n);

#endif
