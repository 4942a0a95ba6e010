/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * replace.h - a file that appears whole, or not at all, and survives a loss of power.
 *
 * Whoever will write for minutes learns at the begin whether the place can be written to. Until the
 * end nothing is there to see: the bytes are in a file without a name, or, where the file system
 * knows none, in NAME.PID.partial. So what a killed process left behind is in nobody's way.
 */
#ifndef VIGIE_BASE_REPLACE_H
#define VIGIE_BASE_REPLACE_H

#include <stdbool.h>
#include <sys/types.h>

struct replace {
	int dir, fd;
	bool named;
	char name[256], partial[256]; /* in dir */
};

/* 0: fd may be written to. -errno: there will be no such file, and nothing is open. */
int replace_begin(struct replace *r, const char *path, mode_t mode);
/* What was written is the file now, in place of one that was there. Ends it, also with -errno. */
int replace_commit(struct replace *r);
void replace_abort(struct replace *r); /* ends it: nothing was changed */

#endif
