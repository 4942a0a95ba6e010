/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * resymbolize.h - names for a profile after its session, perhaps on another host.
 *
 * Owns: which of its modules lack names or lines. By build id alone: a file of another build has
 * other addresses, and would name everything wrong.
 */
#ifndef VIGIE_PROFILE_RESYMBOLIZE_H
#define VIGIE_PROFILE_RESYMBOLIZE_H

#include "data/profile.h"

enum { RESYMBOLIZE_DIRS_MAX = 16 };

struct resymbolize_config {
	const char *dirs[RESYMBOLIZE_DIRS_MAX];
	unsigned int ndirs;
	int (*confine)(void); /* see symbolizer.h */
};

struct resymbolize_stat {
	__u32 wanted, found; /* modules */
	const char *cut; /* a directory that holds more than was looked at, or NULL */
	__u64 names, lines; /* that there were not before */
};

/*
 * Looks into the directories and names what it can. 0, or -errno with what failed (static) and the
 * directory at which it did, or NULL. What was named until then stays.
 */
int resymbolize_name(struct profile *p, const struct resymbolize_config *config,
		     struct resymbolize_stat *ret, const char **ret_what, const char **ret_dir);

#endif
