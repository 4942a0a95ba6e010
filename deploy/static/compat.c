// SPDX-License-Identifier: GPL-2.0-only
/*
 * compat.c - owns what vigie calls and glibc 2.31 lacks. Linked into a binary of STATIC=1 only, which
 * is to run with that library; the declarations are those of the headers it is compiled with.
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* [EPERM] = "EPERM", ...: by the build from <errno.h>. Two names of a number are not among them. */
static const char *const names[] = {
#include "gen/errno_names.h"
};

const char *strerrorname_np(int error)
{
	if (!error)
		return "0";
	if (error < 0 || (size_t)error >= sizeof(names) / sizeof(names[0]))
		return NULL;
	return names[error];
}

int close_range(unsigned int first, unsigned int last, int flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}
