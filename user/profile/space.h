/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * space.h - the address spaces of a session's processes and the files behind them.
 *
 * Owns: what a process has mapped, having each executable file opened once and at once, so that
 * names outlive the target, a deletion and a replacement. Opens nothing of a target itself
 * (opener.h), and parses no file of it (symbolizer.h).
 */
#ifndef VIGIE_PROFILE_SPACE_H
#define VIGIE_PROFILE_SPACE_H

#include <stdbool.h>
#include <sys/types.h>

#include "data/profile.h"
#include "profile/opener.h"
#include "profile/symbolizer.h"

struct module {
	char path[OPENER_PATH_MAX]; /* as the target saw it; raw */
	__u64 dev, inode;
	pid_t pid; /* of a JIT's: whose */
	bool jit;
	bool open; /* the symbolizer has its file */
	unsigned int tried; /* the reading of mappings that last asked for it */
	unsigned int
		holder; /* the opener that holds it, for other symbolizers: how often one had hung */
	__u64 start, end, offset; /* where it was seen first */
	__u32 space; /* that mapped it: its debug file is looked for in that root */
};

struct space {
	pid_t pid;
	__u32 exec_id;
	__u64 sum; /* hash of the mappings as last read: 0, not read */
	__u64 since_ns; /* CLOCK_MONOTONIC: of its program's first stack; 0: none yet */
	bool known; /* its stacks need not wake us any more */
	__u32 vain; /* so often, one after the other, were they read for an address in vain */
	__u64 vain_until_ns; /* they were read for an address in vain: not again before */
};

struct spaces {
	struct symbolizer *symbolizer;
	struct opener *opener;
	struct module *modules; /* [0] is none */
	__u32 nmodules;
	struct space *spaces;
	__u32 nspaces;
	unsigned int nread; /* how often mappings were read */
};

int spaces_init(struct spaces *s, struct symbolizer *symbolizer, struct opener *opener);
void spaces_done(struct spaces *s);
/* The process' space, made when it is new. -E2BIG, -ENOMEM. */
int spaces_get(struct spaces *s, pid_t pid, __u32 *ret);
/*
 * Has the mappings read and tells the symbolizer if they changed. 0 or -errno (-ESRCH: it is gone;
 * -EIO: that hung before).
 */
int spaces_refresh(struct spaces *s, __u32 space);
/*
 * For symbolizer__name(): gives the symbolizer the separate debug file of a module, by build id and by
 * link, or none. 0; -errno: nobody has answered the symbolizer.
 */
int spaces_give_debug(struct spaces *s, __u32 module, const char *build_id, const char *link);

#endif
