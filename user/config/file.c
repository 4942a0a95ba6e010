// SPDX-License-Identifier: GPL-2.0-only
/* file.c - owns the checks before a configuration file is read, and their wording. */
#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

enum { PIECE = 16 << 10 };

static int judge(const struct stat *st, const char *path, const struct config_file_rules *rules,
		 char *why)
{
	mode_t writing = rules->anybodys ? S_IWOTH : S_IWGRP | S_IWOTH;

	if (!S_ISREG(st->st_mode)) {
		snprintf(why, CONFIG_FILE_WHY_LEN, "is not a regular file");
		return -EPERM;
	}
	if (st->st_mode & writing) {
		snprintf(why, CONFIG_FILE_WHY_LEN,
			 "may be written by others than its owner (mode %04o): chmod %s %.150s",
			 st->st_mode & 07777, rules->anybodys ? "o-w" : "go-w", path);
		return -EPERM;
	}
	if (rules->secret && st->st_mode & S_IROTH) {
		snprintf(why, CONFIG_FILE_WHY_LEN,
			 "may be read by everybody (mode %04o) and holds secrets: chmod o-r %.150s",
			 st->st_mode & 07777, path);
		return -EPERM;
	}
	if (!rules->anybodys && st->st_uid != 0 && st->st_uid != rules->owner) {
		snprintf(why, CONFIG_FILE_WHY_LEN,
			 "belongs to uid %u; it must belong to root or to who starts vigie "
			 "(uid %u): chown root %.150s",
			 (unsigned int)st->st_uid, (unsigned int)rules->owner, path);
		return -EPERM;
	}
	if (st->st_size < 0 || (unsigned long long)st->st_size > rules->max) {
		snprintf(why, CONFIG_FILE_WHY_LEN, "has %lld bytes; %zu at most are read",
			 (long long)st->st_size, rules->max);
		return -EFBIG;
	}
	return 0;
}

int config_file_open(const char *path, const struct config_file_rules *rules,
		     char why[CONFIG_FILE_WHY_LEN])
{
	/* O_NONBLOCK: a pipe of that name must not keep us waiting for its writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), err;
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		err = -errno;
		snprintf(why, CONFIG_FILE_WHY_LEN, "cannot be opened: %s", err_name(err));
	} else {
		err = judge(&st, path, rules, why);
	}
	if (!err)
		return fd;
	if (fd >= 0)
		close(fd);
	return err;
}

int config_file_read(int fd, struct buf *out, char why[CONFIG_FILE_WHY_LEN])
{
	char piece[PIECE];
	off_t at = 0;
	ssize_t n;
	int err;

	do {
		n = pread(fd, piece, sizeof(piece), at);
		if (n > 0) {
			buf_add(out, piece, (size_t)n);
			at += n;
		}
	} while ((n > 0 && !out->err) || (n < 0 && errno == EINTR));
	err = n < 0 ? -errno : out->err;
	if (err == -E2BIG)
		snprintf(why, CONFIG_FILE_WHY_LEN,
			 "has more than the %zu bytes that are read at most", out->max);
	else if (err)
		snprintf(why, CONFIG_FILE_WHY_LEN, "cannot be read: %s", err_name(err));
	explicit_bzero(piece, sizeof(piece)); /* may be a secret */
	return err;
}
