/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * files.h - files of others, read so that they cannot do us harm.
 *
 * Owns: that no link is followed below a directory, that only regular files are read, whole and
 * up to a bound. A FIFO, a device or a file that grows is an error. Not here: what is in them.
 */
#ifndef VIGIE_RUNTIMES_FILES_H
#define VIGIE_RUNTIMES_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum { FILES_PATH_SIZE = 512 };

/* "a/b/c" below dir: no link on the way. >= 0 or -errno. */
int files_open_dir(int dir, const char *path);
/* *ret is emptied first; its bound is the file's. 0, -EFBIG or another -errno. */
int files_read(int dir, const char *path, struct buf *ret);

/*
 * Calls visit for the names in dir/path ("": dir itself) but those that begin with a dot, until it
 * returns another value than -ENOENT, which is the result; at most max names. -ENOENT: none did.
 */
int files_list(int dir, const char *path, unsigned int max,
	       int (*visit)(void *ctx, int dir, const char *name), void *ctx);

#endif
