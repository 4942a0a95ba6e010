/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * symbolizer.h - the session's end of the symbolizer: starting it, asking it, outliving it.
 *
 * The symbolizer is a process of its own without privileges (symbolizer_child.h). If it dies or hangs it
 * is started again, without the file that it was reading then; that costs names, not the session.
 * Owns: the process, what it must be told again. Not here: opening files (opener.h).
 */
#ifndef VIGIE_PROFILE_SYMBOLIZER_H
#define VIGIE_PROFILE_SYMBOLIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "profile/symbolizer_wire.h"

struct symbolizer;
struct opener;

struct symbolizer_config {
	/* Gives up everything in the new process; 0 or -errno. The symbolizer does not start without. */
	int (*confine)(void);
	bool pointers; /* stacks are unwound by frame pointers first */
	/*
	 * How long symbolizers may keep us waiting in all, for names and with what they are told; then
	 * nobody is asked for names any more. Stacks and lines have limits of their own.
	 */
	unsigned int patience_ms;
	struct opener *opener; /* gives the symbolizer its files; NULL: symbolizer__module() does */
};

enum { SYMBOLIZER_ANSWERED = -2 }; /* of a symbolizer_debug_fn: the opener has given it */

typedef void (*symbolizer_frames_fn)(void *ctx, __u32 number, const struct symbolizer_frame *frames,
				     __u32 n, __u32 incomplete);
/* One frame's lines, innermost first; texts are valid during the call. */
struct symbolizer_line {
	const char *function, *file; /* "": unknown */
	__u32 line, begin; /* begin: where the function is declared in that file */
};
typedef void (*symbolizer_named_fn)(void *ctx, __u32 module, __u64 address,
				    const struct symbolizer_line *lines, __u32 n);
/* The separate debug file of a module: a descriptor, -1, or SYMBOLIZER_ANSWERED. */
typedef int (*symbolizer_debug_fn)(void *ctx, __u32 module, const char *build_id, const char *link);
struct symbolizer_ask {
	symbolizer_named_fn named;
	symbolizer_debug_fn debug;
	void *ctx;
};

int symbolizer__start(const struct symbolizer_config *config, struct symbolizer **ret);
void symbolizer__free(struct symbolizer *symbolizer); /* ends the process; accepts NULL */

/* Without an opener. fd -1: it cannot be had. Duplicated. jit: a perf map, not an ELF file. */
int symbolizer__module(struct symbolizer *symbolizer, __u32 module, int fd, bool jit);
/* Replaces the mappings of a space. Copied. */
int symbolizer__space(struct symbolizer *symbolizer, __u32 space, const struct symbolizer_map *maps,
		      size_t n);
/* Asks for frames; the answer comes through symbolizer__poll(), or with n 0, incomplete PROFILE_INCOMPLETE_READER. */
int symbolizer__stack(struct symbolizer *symbolizer, __u32 space, __u32 number,
		      const struct vigie_stack *stack, const __u8 *user, symbolizer_frames_fn fn,
		      void *ctx);
/* Hands out the answers that are there; with wait: all that are due. */
void symbolizer__poll(struct symbolizer *symbolizer, bool wait, symbolizer_frames_fn fn, void *ctx);
/* Names up to SYMBOLIZER_NAMES_BATCH addresses. 0, or -errno: the symbolizer died of this module. */
int symbolizer__name(struct symbolizer *symbolizer, __u32 module, const __u64 *addresses, __u32 n,
		     const struct symbolizer_ask *ask);
/*
 * Source lines and inlined functions of up to SYMBOLIZER_NAMES_BATCH addresses; the first *ret_looked
 * were looked at within ms. 0, or -errno: it took longer, or the symbolizer died of this module.
 */
int symbolizer__lines(struct symbolizer *symbolizer, __u32 module, const __u64 *addresses, __u32 n,
		      unsigned int ms, const struct symbolizer_ask *ask, __u32 *ret_looked);

/*
 * What a module's file is: its build id ("": none, or no ELF file) and its enum symbolizer_what. 0, or
 * -errno: the symbolizer died of it.
 */
int symbolizer__identify(struct symbolizer *symbolizer, __u32 module,
			 char ret_id[SYMBOLIZER_ID_MAX], unsigned int *ret_what);

__u64 symbolizer__pointers(
	const struct symbolizer *symbolizer); /* stacks that frame pointers helped with */
unsigned int symbolizer__restarts(const struct symbolizer *symbolizer);
__u64 symbolizer__cpu_ns(const struct symbolizer *symbolizer); /* of all symbolizers so far */

#endif
