/* SPDX-License-Identifier: GPL-2.0-only */
/* jitmap.h - names of generated code, from the perf map that a runtime writes: "start size name". */
#ifndef VIGIE_PROFILE_JITMAP_H
#define VIGIE_PROFILE_JITMAP_H

#include <stddef.h>
#include <stdint.h>

/*
 * The last entry that covers the address: runtimes append, and reuse memory. Reads the file from
 * its begin each time: it is asked for few addresses, once. NULL: none.
 */
const char *jitmap_name(int fd, uint64_t address, char *dst, size_t size);

#endif
