/* SPDX-License-Identifier: GPL-2.0-only */
/* opener_wire.h - the packets between a session and its opener; one answer to each. */
#ifndef VIGIE_PROFILE_OPENER_WIRE_H
#define VIGIE_PROFILE_OPENER_WIRE_H

#include <vigie/abi_profile.h>

enum { OPENER_PATH_MAX = 1024 }; /* bytes, NUL included; longer ones are cut, and not found */

enum opener_kind {
	OPENER_SYMBOLIZER = 1, /* a: guilty, b: it hung there; descriptor: its socket */
	OPENER_ROOT, /* a: space, b: pid */
	OPENER_FILE, /* payload: opener_file and the path, a text */
	OPENER_DEBUG, /* a: module, b: space; payload: path, build id and debug link, three texts */
	OPENER_MAPS, /* a: pid */
	OPENER_DONE, /* the answer. a: errno, 0: it has been done; descriptor: what was asked for */
};

/* A mapping of a file, or (jit) the perf map of the process. */
struct opener_file {
	__u64 start, end; /* of the mapping */
	__u64 dev, inode;
	__u32 module, space;
	__s32 pid;
	__u32 jit;
	__u32 again; /* 1: the symbolizer has it already */
	__u32 zero;
};

#endif
