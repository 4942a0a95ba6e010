// SPDX-License-Identifier: GPL-2.0-only
/* state_dir.c - owns how the state directory comes about and who may own it. */
#include "daemon/state_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

enum { DIR_MODE = 0750, LOCK_MODE = 0640 };

/* A stranger who can write here could have vigie write elsewhere, and forge evidence. */
static int check_owner(int fd, uid_t uid, const char **ret_why)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (st.st_uid != 0 && st.st_uid != uid && st.st_uid != geteuid()) {
		*ret_why = "belongs to another user; give it to the user that vigie serves as";
		return -EPERM;
	}
	if (st.st_mode & S_IWOTH || (st.st_mode & S_IWGRP && st.st_gid != 0)) {
		*ret_why = "may be written to by others; chmod go-w it";
		return -EPERM;
	}
	return 0;
}

/* Another's directory would get another owner and mode, and our files among its own. */
static int check_ours(int fd, const char **ret_why)
{
	struct dirent *entry;
	DIR *dir;
	int err;

	if (!faccessat(fd, STATE_DIR_LOCK, F_OK, AT_SYMLINK_NOFOLLOW))
		return 0;
	*ret_why = "cannot be read";
	err = io_list_dir(io_reopen_dir(fd), &dir);
	if (err)
		return err;
	while ((entry = readdir(dir)) && !err)
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
		    strcmp(entry->d_name, "lost+found"))
			err = -ENOTEMPTY;
	closedir(dir);
	*ret_why = "is not empty and was not made by vigie; name a directory of its own";
	return err;
}

int state_dir_make(const char *path, uid_t uid, gid_t gid, const char **ret_why)
{
	int fd, err;

	*ret_why = "cannot be made";
	if (mkdir(path, DIR_MODE) && errno != EEXIST)
		return -errno;
	*ret_why = "cannot be opened";
	fd = io_open_dir(path);
	if (fd < 0)
		return fd;
	err = check_owner(fd, uid, ret_why);
	if (!err)
		err = check_ours(fd, ret_why);
	if (!err && geteuid() == 0 && fchown(fd, uid, gid)) {
		*ret_why = "cannot be given to the user that vigie serves as";
		err = -errno;
	}
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

int state_dir_sub(int dirfd, const char *name)
{
	if (mkdirat(dirfd, name, DIR_MODE) && errno != EEXIST)
		return -errno;
	return io_open_subdir(dirfd, name);
}

int state_dir_lock(int dirfd, int *ret_fd)
{
	int fd = openat(dirfd, STATE_DIR_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			LOCK_MODE);
	int err;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		err = -errno;
		close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}
