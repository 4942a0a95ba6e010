// SPDX-License-Identifier: GPL-2.0-only
/* err.c - errno as a name, from glibc's own table; and words for what a full disk is. */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *err_name(int err)
{
	static char text[32];
	const char *name = strerrorname_np(err < 0 ? -err : err);

	snprintf(text, sizeof(text), "-%s", name ? name : "E?");
	return text;
}

const char *err_write_remedy(int err)
{
	switch (err < 0 ? -err : err) {
	case ENOSPC:
		return " (the file system has no room left, of bytes or of files: see df and df -i)";
	case EDQUOT: return " (the owner's quota is used up: see quota)";
	case EROFS: return " (the file system is mounted read-only)";
	case EFBIG: return " (larger than this file system or `ulimit -f` allows)";
	default: return "";
	}
}
