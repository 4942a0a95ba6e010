/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * foreign.h - the session's end of the reader: starting it, asking it, outliving it.
 *
 * The reader is a process of its own without privileges (foreign_child.h). If it dies or hangs it
 * is started again, without the file that it was reading then; that costs names, not the session.
 * Owns: the process, what it must be told again. Not here: opening files (opener.h).
 */
#ifndef VIGIE_PROFILE_FOREIGN_H
#define VIGIE_PROFILE_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "profile/foreign_wire.h"

struct foreign;
struct opener;

struct foreign_config {
	/* Gives up everything in the new process; 0 or -errno. The reader does not start without. */
	int (*confine)(void);
	bool pointers; /* stacks are unwound by frame pointers first */
	/*
	 * How long readers may keep us waiting in all, for names and with what they are told; then
	 * nobody is asked for names any more. Stacks and lines have limits of their own.
	 */
	unsigned int patience_ms;
	struct opener *opener; /* gives the reader its files; NULL: foreign__module() does */
};

enum { FOREIGN_ANSWERED = -2 }; /* of a foreign_debug_fn: the opener has given it */

typedef void (*foreign_frames_fn)(void *ctx, __u32 number, const struct foreign_frame *frames,
				  __u32 n, __u32 incomplete);
/* One frame's lines, innermost first; texts are valid during the call. */
struct foreign_line {
	const char *function, *file; /* "": unknown */
	__u32 line, begin; /* begin: where the function is declared in that file */
};
typedef void (*foreign_named_fn)(void *ctx, __u32 module, __u64 address,
				 const struct foreign_line *lines, __u32 n);
/* The separate debug file of a module: a descriptor, -1, or FOREIGN_ANSWERED. */
typedef int (*foreign_debug_fn)(void *ctx, __u32 module, const char *build_id, const char *link);
struct foreign_ask {
	foreign_named_fn named;
	foreign_debug_fn debug;
	void *ctx;
};

int foreign__start(const struct foreign_config *config, struct foreign **ret);
void foreign__free(struct foreign *r); /* ends the process; accepts NULL */

/* Without an opener. fd -1: it cannot be had. Duplicated. jit: a perf map, not an ELF file. */
int foreign__module(struct foreign *r, __u32 module, int fd, bool jit);
/* Replaces the mappings of a space. Copied. */
int foreign__space(struct foreign *r, __u32 space, const struct foreign_map *maps, size_t n);
/* Asks for frames; the answer comes through foreign__poll(), or with incomplete READER and n 0. */
int foreign__stack(struct foreign *r, __u32 space, __u32 number, const struct vigie_stack *stack,
		   const __u8 *user, foreign_frames_fn fn, void *ctx);
/* Hands out the answers that are there; with wait: all that are due. */
void foreign__poll(struct foreign *r, bool wait, foreign_frames_fn fn, void *ctx);
/* Names up to FOREIGN_NAMES_BATCH addresses. 0, or -errno: the reader died of this module. */
int foreign__name(struct foreign *r, __u32 module, const __u64 *addresses, __u32 n,
		  const struct foreign_ask *ask);
/*
 * Source lines and inlined functions of up to FOREIGN_NAMES_BATCH addresses; the first *ret_looked
 * were looked at within ms. 0, or -errno: it took longer, or the reader died of this module.
 */
int foreign__lines(struct foreign *r, __u32 module, const __u64 *addresses, __u32 n,
		   unsigned int ms, const struct foreign_ask *ask, __u32 *ret_looked);

/*
 * What a module's file is: its build id ("": none, or no ELF file) and its enum foreign_what. 0, or
 * -errno: the reader died of it.
 */
int foreign__identify(struct foreign *r, __u32 module, char ret_id[FOREIGN_ID_MAX],
		      unsigned int *ret_what);

__u64 foreign__pointers(const struct foreign *r); /* stacks that frame pointers helped with */
unsigned int foreign__restarts(const struct foreign *r);
__u64 foreign__cpu_ns(const struct foreign *r); /* of all readers so far */

#endif
