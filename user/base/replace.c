// SPDX-License-Identifier: GPL-2.0-only
/* replace.c - owns the order: write, sync, name, sync the directory. */
#include "base/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/io.h"

/*
 * A file of this name is a process' that had our number and was killed: nobody else's name has it.
 * In a container numbers come again soon.
 */
static bool remove_stale(struct replace *r)
{
	return errno == EEXIST && !unlinkat(r->dir, r->partial, 0);
}

static int open_partial(struct replace *r, mode_t mode)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

	r->named = false;
	r->fd = openat(r->dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
	/* NFS, FUSE and old overlays know none, and say so in different words. */
	if (r->fd < 0) {
		r->fd = openat(r->dir, r->partial, flags, mode);
		if (r->fd < 0 && remove_stale(r))
			r->fd = openat(r->dir, r->partial, flags, mode);
		r->named = r->fd >= 0;
	}
	return r->fd < 0 ? -errno : 0;
}

int replace_begin(struct replace *r, const char *path, mode_t mode)
{
	char directory[4096];
	const char *name;
	int err = io_split_path(path, directory, sizeof(directory), &name);

	if (err)
		return *name ? -ENAMETOOLONG : -EISDIR;
	if ((size_t)snprintf(r->name, sizeof(r->name), "%s", name) >= sizeof(r->name))
		return -ENAMETOOLONG;
	/* A name may be as long as a file system allows: of that much the partial one keeps its begin. */
	snprintf(r->partial, sizeof(r->partial), "%.200s.%d.partial", name, getpid());
	r->dir = io_open_dir(directory);
	if (r->dir < 0)
		return r->dir;
	err = open_partial(r, mode);
	if (err) {
		close(r->dir);
		r->dir = -1;
	}
	return err;
}

static int link_partial(struct replace *r, const char *ours)
{
	if (linkat(AT_FDCWD, ours, r->dir, r->partial, AT_SYMLINK_FOLLOW) &&
	    linkat(r->fd, "", r->dir, r->partial, AT_EMPTY_PATH)) /* without /proc, as root */
		return -errno;
	return 0;
}

/* linkat() replaces nothing: first another name, then that one's place. */
static int give_name(struct replace *r)
{
	char ours[32];
	int err;

	snprintf(ours, sizeof(ours), "/proc/self/fd/%d", r->fd);
	err = link_partial(r, ours);
	if (err == -EEXIST && remove_stale(r))
		err = link_partial(r, ours);
	r->named = !err;
	return err;
}

int replace_commit(struct replace *r)
{
	int err = fsync(r->fd) ? -errno : 0;

	if (!err && !r->named)
		err = give_name(r);
	/* NFS says only here that a disk was full. */
	if (close(r->fd) && !err)
		err = -errno;
	r->fd = -1;
	if (!err && renameat(r->dir, r->partial, r->dir, r->name))
		err = -errno;
	if (!err) {
		r->named = false;
		/* Some file systems have no fsync() of directories; the file is there all the same. */
		if (fsync(r->dir) && errno != EINVAL && errno != EBADF)
			err = -errno;
	}
	replace_abort(r);
	return err;
}

void replace_abort(struct replace *r)
{
	if (r->named)
		unlinkat(r->dir, r->partial, 0);
	if (r->fd >= 0)
		close(r->fd);
	if (r->dir >= 0)
		close(r->dir);
	r->named = false;
	r->fd = r->dir = -1;
}
