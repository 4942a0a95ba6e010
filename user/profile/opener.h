/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * opener.h - opening the files of targets and reading their mappings, in a process that may hang.
 *
 * A file may be on a server that no longer answers. Then open(), fstat() and close() wait where no
 * signal reaches. So a child opens, keeps the descriptors and hands them to the symbolizer itself; the
 * session never has one. A target that waits for such a server may hold its address space's lock
 * meanwhile, for which who reads its mappings waits: the child reads them too. A child that does
 * not answer is left behind, and what it was asked for is not asked again. Owns: that process.
 * Not here: what may be opened (opener_child.h).
 */
#ifndef VIGIE_PROFILE_OPENER_H
#define VIGIE_PROFILE_OPENER_H

#include <stdbool.h>
#include <sys/types.h>

#include "profile/opener_wire.h"

struct opener;

/* It keeps the privileges of who starts it: before there is a BPF object. 0 or -errno. */
int opener__start(struct opener **ret);
void opener__free(struct opener *o); /* ends the process; accepts NULL */

/*
 * Another symbolizer: its socket, duplicated, and all files but that of guilty (0: none), at which the
 * last one died; hung: of which it never came back. 0 or -errno.
 */
int opener__symbolizer(struct opener *o, int socket, __u32 guilty, bool hung);
/* Keeps the root of this space's process: it may exit, or change it. 0 or -errno. */
int opener__root(struct opener *o, __u32 space, pid_t pid);
/* Opens it, for the symbolizer. 0; -errno: the symbolizer has none of that module. */
int opener__file(struct opener *o, const struct opener_file *file, const char *path);
/*
 * Gives the symbolizer the separate debug file that it wants, or none where there is none; path: the
 * module's. 0; -errno: nobody has answered the symbolizer.
 */
int opener__debug(struct opener *o, __u32 module, __u32 space, const char *path,
		  const char *build_id, const char *link);
/* The text of /proc/PID/maps of this space's process: a copy, the caller's to close. 0 or -errno. */
int opener__maps(struct opener *o, __u32 space, int *ret_fd);
unsigned int opener__hangs(const struct opener *o); /* children that were left behind */
__u64 opener__cpu_ns(const struct opener *o);

#endif
