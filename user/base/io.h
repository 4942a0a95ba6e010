/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * io.h - what every user of descriptors and paths needs: whole writes, directories, a path's parts.
 *
 * Owns: the flags that a directory is opened with, and going on after a short write or EINTR.
 * Not here: what is written, who may own a directory (daemon/state_dir.h).
 */
#ifndef VIGIE_BASE_IO_H
#define VIGIE_BASE_IO_H

#include <dirent.h>
#include <stddef.h>

#include "base/io.h"

/*
 * For reading and as a dirfd, close-on-exec. io_open_dir() follows a link, because a person named
 * the path; io_open_subdir() does not. dirfd may be AT_FDCWD. >= 0, or -errno.
 */
int io_open_dir(const char *path);
int io_open_subdir(int dirfd, const char *name);
/* The same directory once more: another place in its list of names. */
int io_reopen_dir(int dirfd);
/* Its names. Takes fd, also on failure; what an io_open_*() returned, -errno too. 0 or -errno. */
int io_list_dir(int fd, DIR **ret);

/* All bytes there, however many writes it takes; the descriptor blocks. 0 or -errno. */
int io_write(int fd, const void *data, size_t len);

/*
 * The path of a file as its directory and its name, which is within path. 0, or -EINVAL: it
 * names no file, or is too long.
 */
int io_split_path(const char *path, char *directory, size_t size, const char **ret_name);

#endif
