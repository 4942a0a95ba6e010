// SPDX-License-Identifier: GPL-2.0-only
/* file.c - owns the checks before a configuration file is read, and their wording. */
#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

enum { OTHERS_WRITE = S_IWGRP | S_IWOTH, PIECE = 16 << 10 };

static int judge(const struct stat *st, const char *path, uid_t owner, size_t max, char *why)
{
	if (!S_ISREG(st->st_mode)) {
		snprintf(why, CONFIG_FILE_WHY_LEN, "is not a regular file");
		return -EPERM;
	}
	if (st->st_mode & OTHERS_WRITE) {
		snprintf(why, CONFIG_FILE_WHY_LEN,
			 "may be written by others than its owner (mode %04o), and says what a "
			 "process that starts as root does: chmod go-w %.150s",
			 st->st_mode & 07777, path);
		return -EPERM;
	}
	if (st->st_uid != 0 && st->st_uid != owner) {
		snprintf(
			why, CONFIG_FILE_WHY_LEN,
			"belongs to uid %u; it must belong to root or to who starts vigie (uid %u): "
			"chown root %.150s",
			(unsigned int)st->st_uid, (unsigned int)owner, path);
		return -EPERM;
	}
	if (st->st_size < 0 || (unsigned long long)st->st_size > max) {
		snprintf(why, CONFIG_FILE_WHY_LEN, "has %lld bytes; %zu at most are read",
			 (long long)st->st_size, max);
		return -EFBIG;
	}
	return 0;
}

/* It may grow meanwhile: then the buffer says so. */
static int read_all(int fd, struct buf *out)
{
	char piece[PIECE];
	ssize_t n;

	do {
		n = read(fd, piece, sizeof(piece));
		if (n > 0)
			buf_add(out, piece, (size_t)n);
	} while ((n > 0 && !out->err) || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : out->err;
}

int config_file_read(const char *path, uid_t owner, struct buf *out, char why[CONFIG_FILE_WHY_LEN])
{
	/* O_NONBLOCK: a pipe of that name must not keep us waiting for its writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), err = 0;
	struct stat st;

	if (fd < 0) {
		err = -errno;
		snprintf(why, CONFIG_FILE_WHY_LEN, "cannot be opened: %s", err_name(err));
		return err;
	}
	if (fstat(fd, &st))
		err = -errno;
	if (!err)
		err = judge(&st, path, owner, out->max, why);
	if (!err) {
		err = read_all(fd, out);
		if (err == -E2BIG)
			snprintf(why, CONFIG_FILE_WHY_LEN,
				 "has more than the %zu bytes that are "
				 "read at most",
				 out->max);
		else if (err)
			snprintf(why, CONFIG_FILE_WHY_LEN, "cannot be read: %s", err_name(err));
	}
	close(fd);
	return err;
}
