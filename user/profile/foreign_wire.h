/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * foreign_wire.h - the packets between a session and its reader of foreign files.
 *
 * One packet is a foreign_head and its payload. The session trusts no number that comes back.
 */
#ifndef VIGIE_PROFILE_FOREIGN_WIRE_H
#define VIGIE_PROFILE_FOREIGN_WIRE_H

#include <vigie/abi_profile.h>

enum {
	FOREIGN_MAPS_MAX = 8192, /* executable mappings of a process that are looked at */
	FOREIGN_MODULES_MAX = 4096,
	FOREIGN_FRAMES_MAX = 256, /* of a stack: what is deeper is cut */
	FOREIGN_ID_MAX = 2 * 64 + 1, /* bytes of a build id in hex, NUL included */
	FOREIGN_NAME_MAX = 512, /* bytes of a function's name, NUL included; longer ones are cut */
	FOREIGN_FILE_MAX = 1024, /* bytes of a source file's path; longer ones are cut */
	FOREIGN_LINES_MAX = 32, /* functions of one frame: it and what is inlined there */
	FOREIGN_NAMES_BATCH = 256, /* addresses of one packet */
	FOREIGN_PACKET_MAX = 512 << 10,
};

enum foreign_kind {
	/* To the reader. */
	FOREIGN_MODULE = 1, /* a: module; descriptor: its file, none where it cannot be had */
	FOREIGN_SPACE, /* a: space; payload: foreign_map[], all of them */
	FOREIGN_STACK, /* a: space, b: number; payload: vigie_stack and the user bytes */
	FOREIGN_NAME, /* a: module; payload: addresses, __u64[] */
	FOREIGN_DEBUG, /* a: module; descriptor: the file asked for, or none */
	FOREIGN_LINE, /* a: module, b: ms to spend; payload: addresses, __u64[] */
	FOREIGN_IDENTIFY, /* a: module */
	/* From the reader. */
	/* a: number, b: 1 + enum profile_incomplete or 0, and FOREIGN_POINTERS; payload: foreign_frame[] */
	FOREIGN_FRAMES,
	FOREIGN_WANTS, /* a: module; payload: build id and debug link, two texts; awaits DEBUG */
	/* a: module, b: addresses looked at, from the first; payload: foreign_named, each with texts */
	FOREIGN_NAMED,
	FOREIGN_IDENTITY, /* a: module, b: enum foreign_what; payload: build id in hex, a text */
};

enum { FOREIGN_POINTERS = 1 << 16 }; /* frames were found by frame pointers */

/* What a file is good for. */
enum foreign_what {
	FOREIGN_WHAT_NAMES = 1 << 0, /* a whole symbol table */
	FOREIGN_WHAT_LINES = 1 << 1, /* debug data */
	FOREIGN_WHAT_ALL = FOREIGN_WHAT_NAMES | FOREIGN_WHAT_LINES,
};

struct foreign_head {
	__u32 kind; /* enum foreign_kind */
	__u32 a, b;
	__u32 len; /* of the payload */
};

struct foreign_map {
	__u64 start, end;
	__u64 offset; /* in the file */
	__u32 module;
	__u32 file; /* 1: a file is behind it */
};

struct foreign_frame {
	__u64 address; /* virtual, in the module's file; where no module is known, the process' own */
	__u32 module; /* 0: none */
	__u32 zero;
};

/* Followed by function and file, each with its NUL. Innermost first. */
struct foreign_named {
	__u64 address;
	__u32 line;
	__u32 begin; /* where the function is declared in that file, 0: unknown */
	__u32 rest; /* how many more lines of this address follow */
	__u32 zero;
};

#endif
