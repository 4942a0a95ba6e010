// SPDX-License-Identifier: GPL-2.0-only
/* files.c - owns the flags and checks with which a file of others is opened. */
#include "runtimes/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

enum { READ_SIZE = 16384 };

int files_open_dir(int dir, const char *path)
{
	char copy[FILES_PATH_SIZE], *rest = copy, *part;
	int at = io_open_subdir(dir, "."), next;

	if (strlen(path) >= sizeof(copy)) {
		close(at);
		return -ENAMETOOLONG;
	}
	memcpy(copy, path, strlen(path) + 1);
	while (at >= 0 && (part = strsep(&rest, "/"))) {
		if (!*part)
			continue;
		next = strcmp(part, "..") ? io_open_subdir(at, part) : -ELOOP;
		close(at);
		at = next;
	}
	return at;
}

static int open_file(int dir, const char *path)
{
	const char *name = strrchr(path, '/');
	char parent[FILES_PATH_SIZE] = "";
	int at, fd;

	if (strlen(path) >= sizeof(parent))
		return -ENAMETOOLONG;
	if (name)
		memcpy(parent, path, name - path);
	at = files_open_dir(dir, parent);
	if (at < 0)
		return at;
	fd = openat(at, name ? name + 1 : path,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	close(at);
	return fd;
}

static int read_all(int fd, struct buf *ret)
{
	char bytes[READ_SIZE];
	ssize_t n;

	while ((n = read(fd, bytes, sizeof(bytes))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		buf_add(ret, bytes, n);
		if (ret->err)
			return ret->err == -ENOMEM ? -ENOMEM : -EFBIG;
	}
	return 0;
}

int files_read(int dir, const char *path, struct buf *ret)
{
	int fd = open_file(dir, path), err;
	struct stat st;

	buf_clear(ret);
	if (fd < 0)
		return fd;
	err = fstat(fd, &st) ? -errno : 0;
	if (!err && !S_ISREG(st.st_mode))
		err = -EINVAL;
	if (!err)
		err = read_all(fd, ret);
	close(fd);
	return err;
}

int files_list(int dir, const char *path, unsigned int max,
	       int (*visit)(void *ctx, int dir, const char *name), void *ctx)
{
	int fd = files_open_dir(dir, path), err;
	struct dirent *e;
	DIR *list;

	if (fd < 0)
		return fd;
	err = io_list_dir(fd, &list);
	if (err)
		return err;
	err = -ENOENT;
	while (err == -ENOENT && max && (e = readdir(list))) {
		if (e->d_name[0] == '.')
			continue;
		max--;
		err = visit(ctx, dirfd(list), e->d_name);
	}
	closedir(list);
	return err;
}
