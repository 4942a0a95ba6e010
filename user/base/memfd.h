/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memfd.h - bytes in a sealed memfd: how one process hands another a whole file that nobody can
 * change any more.
 *
 * Owns: making one, and telling one from any other descriptor. Not here: the socket that it
 * travels through.
 */
#ifndef VIGIE_BASE_MEMFD_H
#define VIGIE_BASE_MEMFD_H

#include <stddef.h>

/* A descriptor with these bytes, sealed against every change; or -errno. */
int memfd_sealed(const char *name, const void *data, size_t len);
/*
 * 0: it is a memfd that can neither shrink nor be written to, with *ret_size bytes, max at most.
 * -EINVAL: any other descriptor, or one that somebody may still change. -EFBIG: a larger one.
 */
int memfd_check(int fd, size_t max, size_t *ret_size);

#endif
