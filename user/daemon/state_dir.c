// SPDX-License-Identifier: GPL-2.0-only
/* state_dir.c - owns how the state directory comes about and who may own it. */
#include "daemon/state_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "sandbox/confine.h"

enum { DIR_MODE = 0750, LOCK_MODE = 0640, DEPTH_MAX = 4 };

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

/* The owner can do without a change, and without the capability for it. */
static int give_to(int fd, uid_t uid, gid_t gid)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (st.st_uid == uid && st.st_gid == gid)
		return 0;
	return fchown(fd, uid, gid) ? -errno : 0;
}

/* Whatever the umask: the group reads. */
static int make_directory(const char *path)
{
	if (!mkdir(path, DIR_MODE))
		return chmod(path, DIR_MODE) ? -errno : 0;
	return errno == EEXIST ? 0 : -errno;
}

int state_dir_make(const char *path, uid_t uid, gid_t gid, const char **ret_why)
{
	int fd, err;

	*ret_why = "cannot be made";
	err = make_directory(path);
	if (err)
		return err;
	*ret_why = "cannot be opened";
	fd = io_open_dir(path);
	if (fd < 0)
		return fd;
	err = check_owner(fd, uid, ret_why);
	if (!err)
		err = check_ours(fd, ret_why);
	if (!err && geteuid() == 0) {
		*ret_why = "cannot be given to the user that vigie serves as";
		err = give_to(fd, uid, gid);
	}
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* --- From nobody to somebody. */

struct adoption {
	uid_t from, uid;
	gid_t gid;
	int files;
};

/*
 * By a descriptor that is of the file itself, so that what is looked at is what is given. A name
 * more could be of a file elsewhere: a user may link what he cannot open.
 */
static int adopt_entry(struct adoption *a, int dirfd, const char *name, bool *ret_directory)
{
	int fd = openat(dirfd, name, O_PATH | O_CLOEXEC | O_NOFOLLOW), err = 0;
	struct stat st;

	*ret_directory = false;
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		err = -errno;
	if (!err && (S_ISDIR(st.st_mode) || (S_ISREG(st.st_mode) && st.st_nlink == 1)) &&
	    st.st_uid == a->from) {
		*ret_directory = S_ISDIR(st.st_mode);
		if (fchownat(fd, "", a->uid, a->gid, AT_EMPTY_PATH))
			err = -errno;
		else
			a->files++;
	}
	close(fd);
	return err;
}

/* The directory itself is given already: whom it belonged to changes nothing in it any more. */
static int adopt_below(struct adoption *a, int fd, unsigned int depth)
{
	struct dirent *entry;
	bool directory;
	DIR *dir;
	int err = io_list_dir(io_reopen_dir(fd), &dir), sub;

	if (err)
		return err;
	while (!err && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		err = adopt_entry(a, fd, entry->d_name, &directory);
		if (err || !directory || depth == DEPTH_MAX)
			continue;
		sub = io_open_subdir(fd, entry->d_name);
		err = sub < 0 ? sub : adopt_below(a, sub, depth + 1);
		if (sub >= 0)
			close(sub);
	}
	closedir(dir);
	return err;
}

static int adopt_unlocked(struct adoption *a, int fd)
{
	int lock, err = state_dir_lock(fd, &lock);

	if (err == -EWOULDBLOCK) /* one that serves as nobody runs: state_dir_lock() will say so */
		return 0;
	if (err)
		return err;
	err = fchown(fd, a->uid, a->gid) ? -errno : adopt_below(a, fd, 1);
	close(lock);
	return err;
}

int state_dir_adopt(const char *path, uid_t uid, gid_t gid)
{
	struct adoption a = { .uid = uid, .gid = gid };
	gid_t group;
	struct stat st;
	int fd, err = 0;

	if (geteuid() || confine_find_user("nobody", &a.from, &group) || a.from == uid)
		return 0;
	fd = io_open_dir(path);
	if (fd < 0)
		return 0; /* state_dir_make() says why, or makes it */
	if (!fstat(fd, &st) && st.st_uid == a.from && !(st.st_mode & (S_IWGRP | S_IWOTH)) &&
	    !faccessat(fd, STATE_DIR_LOCK, F_OK, AT_SYMLINK_NOFOLLOW))
		err = adopt_unlocked(&a, fd);
	close(fd);
	return err ? err : a.files;
}

int state_dir_sub(int dirfd, const char *name)
{
	if (mkdirat(dirfd, name, DIR_MODE) && errno != EEXIST)
		return -errno;
	return io_open_subdir(dirfd, name);
}

int state_dir_ring(const char *path)
{
	int fd = io_open_dir(path), ring;

	if (fd < 0)
		return fd;
	ring = io_open_subdir(fd, STATE_DIR_RING);
	if (ring == -ENOENT)
		return fd;
	close(fd);
	return ring;
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

int state_dir_lock_as(int dirfd, uid_t uid, gid_t gid, int *ret_fd)
{
	int err = state_dir_lock(dirfd, ret_fd);

	if (err != -EACCES || geteuid())
		return err;
	setfsgid(gid);
	setfsuid(uid);
	err = state_dir_lock(dirfd, ret_fd);
	setfsuid(0);
	setfsgid(0);
	return err;
}
