/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dwarf_lines.h - addresses of a file to source lines and inlined functions, by its DWARF.
 *
 * Runs in the symbolizer only: it parses foreign debug data. Owns: which functions cover an address
 * and from where each was called. Not here: how long that may take (symbolizer.h).
 */
#ifndef VIGIE_PROFILE_DWARF_LINES_H
#define VIGIE_PROFILE_DWARF_LINES_H

#include <stddef.h>
#include <stdint.h>

struct dwarf_lines;

/* One function of an address; texts live as long as the source, "" where unknown. */
struct dwarf_line {
	const char *function; /* as the linker knows it, mangled; NULL: unknown */
	const char *file, *directory; /* directory: where a file that is not absolute starts from */
	uint32_t line; /* where it is in that file: of the address, or of the call to the next inner */
	uint32_t begin; /* where the function is declared; 0: unknown, or in another file */
};

/* fd stays the caller's, and must stay open. NULL: no debug data, or no memory. */
struct dwarf_lines *dwarf_lines__new(int fd);
void dwarf_lines__free(struct dwarf_lines *s); /* accepts NULL */

/*
 * The functions at an address, innermost first; the last is the real one. Of more than `room` the
 * outermost are left out, but for the real one. Returns how many: 0, nothing is known.
 */
unsigned int dwarf_lines__find(struct dwarf_lines *s, uint64_t address, struct dwarf_line *lines,
			       unsigned int room);

#endif
