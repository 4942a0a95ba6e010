/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * code.h - what lies at an address of a process: the module, and what its call frame information says.
 *
 * Owns: libdw's view of an address space. Runs in the symbolizer only: it parses foreign ELF. Not here:
 * names (symbols.h), the walk (unwind.h).
 */
#ifndef VIGIE_PROFILE_CODE_H
#define VIGIE_PROFILE_CODE_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stddef.h>

#include "profile/symbolizer_wire.h"

enum { PC = 16 }; /* DWARF's number of the return address */

struct code;

struct placed { /* a mapping, and how its addresses become the file's */
	struct symbolizer_map map;
	__u64 bias; /* address in the process - virtual address in the file */
	bool usable; /* the file was read */
};

/* Of an address's call frame information. */
struct cfi {
	__u64 pc;
	bool has; /* any */
	bool first; /* it says that there is no caller */
	bool throws; /* it may return elsewhere, with an exception */
};

/* fds: by module, -1 where there is none; they stay the caller's. *busy: see unwind.h. NULL: no memory. */
struct code *code__new(const struct symbolizer_map *maps, size_t nmaps, const int *fds, __u32 nfds,
		       volatile __u32 *busy);
void code__free(struct code *code); /* accepts NULL */

Dwfl *code_dwfl(const struct code *code);
/* The mapping that holds this address, or NULL. */
const struct placed *code_place(const struct code *code, __u64 pc);
/* Valid until the next call. */
const struct cfi *code_cfi(struct code *code, __u64 pc);
enum code_call {
	CODE_NO_CALL,
	CODE_CALL,
	CODE_CALL_ANYWHERE /* by a register, memory or the PLT */
};
/* What the instruction before this address is, in a file that was read; CODE_CALL: of *ret_callee. */
enum code_call code_call_before(const struct code *code, __u64 pc, __u64 *ret_callee);
/* In the first function of p's file, which the dynamic loader and musl leave without any. */
bool code_is_entry(const struct code *code, const struct placed *p, __u64 pc);

#endif
