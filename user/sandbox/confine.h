/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * confine.h - giving up privileges, for good.
 *
 * Owns: the user, the capabilities, no_new_privs and the seccomp filter of a process that
 * has opened everything it will ever need. Not here: deciding when.
 */
#ifndef VIGIE_SANDBOX_CONFINE_H
#define VIGIE_SANDBOX_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What the process is for, and so which calls it needs. */
enum confine_role {
	CONFINE_SERVER, /* serves sockets, reads maps, iterators and /proc; writes no file */
	CONFINE_WRITER, /* writes files below its directories; no socket beyond those it has, no BPF */
	CONFINE_SYMBOLIZER, /* reads foreign files by the descriptors that it is sent; opens nothing */
	CONFINE_VERIFIER, /* computes; opens nothing */
	CONFINE_OPENER, /* opens any file for reading, by CAP_DAC_READ_SEARCH; forks nobody */
	CONFINE_HISTORY, /* reads files below its directory; writes none, opens no socket */
	CONFINE_NAMER, /* opens any file for reading, by CAP_DAC_READ_SEARCH; forks confine_reader()s */
	CONFINE_PUSHER, /* connects to strangers, with threads for their names; reads and writes files */
	CONFINE_METER, /* switches statistics of BPF programs on, by CAP_SYS_ADMIN; opens nothing */
};

struct confine_config {
	enum confine_role role;
	uid_t uid;
	gid_t gid;
	bool already_unprivileged; /* we were not root: the user and the bounding set stay */
	bool keep_cap_bpf; /* before 5.19 a map cannot be read without */
};

/*
 * Looks the user up by name; NULL: "vigie" where it exists, else "nobody". 0 or -ENOENT.
 * Refuses uid 0 with -EINVAL.
 */
int confine_find_user(const char *name, uid_t *ret_uid, gid_t *ret_gid);
/*
 * For who needs nothing of root, and only was started as root: becomes that user, with the groups
 * that it has. There is no way back. 0; -ENOENT: there is no such user; -EINVAL: it is root; -errno.
 */
int confine_become(const char *name);
/*
 * Changes to the user without supplementary groups (unless we were never root), empties every
 * capability set (but CAP_BPF if kept, and the one that a role above is about) and the bounding set,
 * sets no_new_privs, loads the seccomp filter (forbidden calls fail with -EPERM) and verifies all of
 * it by reading it back.
 * 0 or -errno with *ret_what the step that failed. There is no way back.
 */
int confine(const struct confine_config *config, const char **ret_what);
/*
 * The same for who takes something from strangers, or has a capability: as nobody, who is not the user
 * that the server and its state have (where there is none: as that user). 0 or -errno with *ret_what.
 */
int confine_as_nobody(enum confine_role role, const char **ret_what);
/*
 * For the one process that stays privileged (daemon): root, with the capabilities of a
 * profiling session only, and a filter that allows what a session uses and nothing else.
 * It is inherited by what it forks. 0 or -errno with *ret_what.
 */
int confine_profiler(const char **ret_what);
/*
 * For a process that reads foreign files: as CONFINE_SYMBOLIZER. A failure is said on standard
 * error. 0 or -errno.
 */
int confine_symbolizer(void);
/*
 * For the namer's child that answers one question: from now on it reads below these directories only
 * (landlock.h), and forks, signals and sends nothing. 0; -errno.
 */
int confine_reader(const int *directories, unsigned int n);
/*
 * What CONFINE_METER is for: the kernel's statistics of BPF programs are on until the descriptor is
 * closed. It, or -errno.
 */
int confine_meter_stats(void);

#endif
