/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mapping.h - one line of /proc/PID/maps. PURE.
 *
 * Owns: the parser; the path in it is whatever a process named its file. Not here: reading (space.h).
 */
#ifndef VIGIE_PROFILE_MAPPING_H
#define VIGIE_PROFILE_MAPPING_H

#include <stdbool.h>
#include <vigie/abi.h>

struct mapping {
	__u64 start, end, offset, dev, inode; /* bytes */
	bool executable;
	const char *path; /* in the line; "" where it has none */
};

/* Takes off the line's end. False: that is no such line. */
bool mapping_parse(char *line, struct mapping *ret);

#endif
