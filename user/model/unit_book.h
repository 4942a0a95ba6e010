/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * unit_book.h - what units cost, from what their cgroups say.
 *
 * Owns: what of a cgroup's totals is new, and whose it is where one unit's cgroup is within
 * another's: no byte is in two units. Not here: the units themselves (names.h).
 */
#ifndef VIGIE_MODEL_UNIT_BOOK_H
#define VIGIE_MODEL_UNIT_BOOK_H

#include "model/groups.h"

struct unit_source;
struct unit_known;

struct unit_book {
	bool began;
	struct unit_source *sources; /* of this snapshot, a cgroup before those within it */
	size_t sources_cap;
	struct unit_known *known; /* ascending tree and number */
	size_t nknown, known_cap;
	__u64 newest[CGROUP_TREES]; /* highest number seen of each tree */
};

void unit_book_done(struct unit_book *book);
/* After the groups' increments are in. What finds no memory is left out of this interval. */
void unit_book_apply(struct unit_book *book, const struct groups *groups,
		     const struct snapshot *snapshot, __u64 now_ns, __u64 forget_ns);

#endif
