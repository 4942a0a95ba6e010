/* SPDX-License-Identifier: GPL-2.0-only */
/* jitmap.h - names of generated code, from the perf map that a runtime writes: "start size name". */
#ifndef VIGIE_PROFILE_JITMAP_H
#define VIGIE_PROFILE_JITMAP_H

#include <stddef.h>
#include <stdint.h>

/*
 * Of each of n addresses the last entry that covers it: runtimes append, and reuse memory. name(ctx,
 * index, text) is called for each that has one, text valid meanwhile. One pass over the file, from its
 * begin, which may be many megabytes. 0 or -errno.
 */
int jitmap_names(int fd, const uint64_t *addresses, size_t n,
		 void (*name)(void *ctx, size_t index, const char *text), void *ctx);

#endif
