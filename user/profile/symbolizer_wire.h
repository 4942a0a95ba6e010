/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * symbolizer_wire.h - the packets between a session and its symbolizer of foreign files.
 *
 * One packet is a symbolizer_head and its payload. The session trusts no number that comes back.
 */
#ifndef VIGIE_PROFILE_SYMBOLIZER_WIRE_H
#define VIGIE_PROFILE_SYMBOLIZER_WIRE_H

#include <vigie/abi_profile.h>

enum {
	SYMBOLIZER_MAPS_MAX = 8192, /* executable mappings of a process that are looked at */
	SYMBOLIZER_MODULES_MAX = 4096,
	SYMBOLIZER_FRAMES_MAX = 256, /* of a stack: what is deeper is cut */
	SYMBOLIZER_ID_MAX = 2 * 64 + 1, /* bytes of a build id in hex, NUL included */
	SYMBOLIZER_NAME_MAX =
		512, /* bytes of a function's name, NUL included; longer ones are cut */
	SYMBOLIZER_FILE_MAX = 1024, /* bytes of a source file's path; longer ones are cut */
	SYMBOLIZER_LINES_MAX = 32, /* functions of one frame: it and what is inlined there */
	SYMBOLIZER_NAMES_BATCH = 256, /* addresses of one packet */
	SYMBOLIZER_PACKET_MAX = 512 << 10,
};

enum symbolizer_kind {
	/* To the symbolizer. */
	SYMBOLIZER_MODULE = 1, /* a: module; descriptor: its file, none where it cannot be had */
	SYMBOLIZER_SPACE, /* a: space; payload: symbolizer_map[], all of them */
	SYMBOLIZER_STACK, /* a: space, b: number; payload: vigie_stack and the user bytes */
	SYMBOLIZER_NAME, /* a: module; payload: addresses, __u64[] */
	SYMBOLIZER_DEBUG, /* a: module; descriptor: the file asked for, or none */
	SYMBOLIZER_LINE, /* a: module, b: ms to spend; payload: addresses, __u64[] */
	SYMBOLIZER_IDENTIFY, /* a: module */
	/* From the symbolizer. */
	/* a: number, b: 1 + enum profile_incomplete or 0, and SYMBOLIZER_POINTERS; payload: symbolizer_frame[] */
	SYMBOLIZER_FRAMES,
	SYMBOLIZER_WANTS, /* a: module; payload: build id and debug link, two texts; awaits DEBUG */
	/* a: module, b: addresses looked at, from the first; payload: symbolizer_named, each with texts */
	SYMBOLIZER_NAMED,
	SYMBOLIZER_IDENTITY, /* a: module, b: enum symbolizer_what; payload: build id in hex, a text */
};

enum { SYMBOLIZER_POINTERS = 1 << 16 }; /* frames were found by frame pointers */

/* What a file is good for. */
enum symbolizer_what {
	SYMBOLIZER_WHAT_NAMES = 1 << 0, /* a whole symbol table */
	SYMBOLIZER_WHAT_LINES = 1 << 1, /* debug data */
	SYMBOLIZER_WHAT_ALL = SYMBOLIZER_WHAT_NAMES | SYMBOLIZER_WHAT_LINES,
};

struct symbolizer_head {
	__u32 kind; /* enum symbolizer_kind */
	__u32 a, b;
	__u32 len; /* of the payload */
};

struct symbolizer_map {
	__u64 start, end;
	__u64 offset; /* in the file */
	__u32 module;
	__u32 file; /* 1: a file is behind it */
};

struct symbolizer_frame {
	__u64 address; /* virtual, in the module's file; where no module is known, the process' own */
	__u32 module; /* 0: none */
	__u32 zero;
};

/* Followed by function and file, each with its NUL. Innermost first. */
struct symbolizer_named {
	__u64 address;
	__u32 line;
	__u32 begin; /* where the function is declared in that file, 0: unknown */
	__u32 rest; /* how many more lines of this address follow */
	__u32 zero;
};

#endif
