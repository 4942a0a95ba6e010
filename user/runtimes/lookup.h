/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lookup.h - the name of a container from the files of the runtimes of this host.
 *
 * Owns: where each runtime keeps them, for root and for a user who runs it without root. A
 * container below a user's slice is looked for in that user's files only, and others in none of
 * them: so nobody names what belongs to somebody else. Not here: as whom this is read, and what
 * keeps it from reading anything else (daemon/namer_child.c).
 */
#ifndef VIGIE_RUNTIMES_LOOKUP_H
#define VIGIE_RUNTIMES_LOOKUP_H

#include <linux/types.h>

#include "data/container.h"

#define LOOKUP_NO_USER ((__u32)-1)

enum { LOOKUP_DIRS_MAX = 16, LOOKUP_ID_SIZE = 65, LOOKUP_POD_SIZE = 37 };

struct lookup_ask {
	char id[LOOKUP_ID_SIZE]; /* 64 hex digits */
	char pod_uid[LOOKUP_POD_SIZE]; /* or "" */
	char pad[2];
	__u32 uid; /* of whose slice it is below; LOOKUP_NO_USER: nobody's */
	__u32 zero;
};

struct lookup {
	int dirs[LOOKUP_DIRS_MAX]; /* by the table of places; -1: there is none */
	char owner[CONTAINER_TEXT_SIZE]; /* the user's name, or "" */
};

bool lookup_ask_is_valid(const struct lookup_ask *ask);
/*
 * Opens the directories that there are now and that this question is about. root: before all
 * paths, "" for the host's own. Paths down to there are root's, and links in them are followed.
 */
void lookup_open(struct lookup *lookup, const char *root, const struct lookup_ask *ask);
void lookup_close(struct lookup *lookup);
/* Reads below these directories only. 0, -ENOENT: nobody knows it, or the worst -errno there was. */
int lookup_find(const struct lookup *lookup, const struct lookup_ask *ask,
		struct container_packed *ret);

#endif
