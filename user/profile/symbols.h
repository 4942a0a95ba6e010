/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * symbols.h - addresses of a file to names, by its symbol tables: sorted once, searched by halves.
 *
 * Runs in the symbolizer only: it parses foreign ELF. Names are as the file has them, C++ and Rust
 * ones demangled.
 */
#ifndef VIGIE_PROFILE_SYMBOLS_H
#define VIGIE_PROFILE_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

struct symbols;

enum { BUILD_ID_TEXT = 2 * 64 + 1, DEBUG_LINK_TEXT = 256 };

/* fd stays the caller's, and must stay open. NULL: not an ELF file, or no memory. */
struct symbols *symbols__new(int fd);
void symbols__free(struct symbols *s); /* accepts NULL */
/* The file with the symbols that were stripped from it. Must be of the same build. 0 or -errno. */
int symbols__add_debug(struct symbols *s, int fd);

/* Hex digits, or "". */
const char *symbols__build_id(const struct symbols *s);
const char *symbols__debug_link(const struct symbols *s);

/* Without tables: a file's build id, or "", and its enum symbolizer_what. 0 or -ENOEXEC. */
int symbols_identify(int fd, char ret_id[BUILD_ID_TEXT], unsigned int *ret_what);
/* A linker's name, for people: C++ and Rust ones demangled. Written into dst. */
void symbols_demangle(const char *name, char *dst, size_t size);
/* The function that covers this address, demangled into dst; NULL where none does. */
const char *symbols__name(struct symbols *s, uint64_t address, char *dst, size_t size);

#endif
