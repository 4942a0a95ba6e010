// SPDX-License-Identifier: GPL-2.0-only
/* io.c - owns whole writes, opening directories, and the parts of a path. */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int io_open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int io_open_subdir(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

int io_reopen_dir(int dirfd)
{
	return io_open_subdir(dirfd, ".");
}

int io_list_dir(int fd, DIR **ret)
{
	DIR *dir;
	int err;

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		err = -errno;
		close(fd);
		return err;
	}
	*ret = dir;
	return 0;
}

int io_write(int fd, const void *data, size_t len)
{
	const char *at = data;
	ssize_t n;

	while (len) {
		n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		at += n;
		len -= n;
	}
	return 0;
}

int io_split_path(const char *path, char *directory, size_t size, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	int n;

	*ret_name = slash ? slash + 1 : path;
	if (!slash)
		n = snprintf(directory, size, ".");
	else
		n = snprintf(directory, size, "%.*s", slash == path ? 1 : (int)(slash - path),
			     path);
	return !**ret_name || n < 0 || (size_t)n >= size ? -EINVAL : 0;
}
