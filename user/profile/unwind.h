/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * unwind.h - from registers and stack bytes to return addresses, by call frame information, or by
 * the chain of frame pointers where it is asked for or nothing else is there.
 *
 * Owns: libdw's view of an address space. Runs in the symbolizer only: it parses foreign ELF.
 */
#ifndef VIGIE_PROFILE_UNWIND_H
#define VIGIE_PROFILE_UNWIND_H

#include <stdbool.h>
#include <stddef.h>

#include "profile/symbolizer_wire.h"

struct unwinder;

/* fds: by module, -1 where there is none; they stay the caller's. NULL: no memory or -E… in errno. */
struct unwinder *unwinder__new(const struct symbolizer_map *maps, size_t nmaps, const int *fds,
			       __u32 nfds, volatile __u32 *busy);
/* From now on frame pointers come first. */
void unwinder__use_pointers(struct unwinder *u);
void unwinder__free(struct unwinder *u); /* accepts NULL */
/*
 * Writes at most SYMBOLIZER_FRAMES_MAX frames, innermost first; callers' addresses are of their call
 * instruction. Returns how many; *ret_incomplete: 0, or 1 + enum profile_incomplete; *ret_pointers:
 * some were found by frame pointers, which no code has to keep, or looked for.
 */
__u32 unwinder__unwind(struct unwinder *u, const struct vigie_stack *stack, const __u8 *user,
		       struct symbolizer_frame *frames, __u32 *ret_incomplete, bool *ret_pointers);

#endif
