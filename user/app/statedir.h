/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * statedir.h - the directory that vigie keeps its recording, log and evidence in.
 *
 *	DIR/ring/             raw snapshots (docs/recording.md)
 *	DIR/events.ndjson     the log (docs/log.md)
 *	DIR/incidents/ID/     evidence, a folder a finding
 *	DIR/verdicts          what people said of findings
 *	DIR/lock              held by the vigie that writes here
 *
 * Owns: making and opening it with the right owner, and what is refused. Not here: what is
 * in the files.
 */
#ifndef VIGIE_APP_STATEDIR_H
#define VIGIE_APP_STATEDIR_H

#include <sys/types.h>

#define STATEDIR_DEFAULT "/var/lib/vigie"
#define STATEDIR_RING "ring"
#define STATEDIR_LOG "events.ndjson"
#define STATEDIR_INCIDENTS "incidents"
#define STATEDIR_VERDICTS "verdicts"
#define STATEDIR_LOCK "lock"

/*
 * Makes the directory (not its parents) if need be and opens it. As root it is given to uid
 * and gid, mode 0750. Refused, with *ret_why completing "DIR …": what is no directory, what
 * others may write to, what belongs to neither root nor uid. >= 0: the descriptor; or -errno.
 */
int statedir_make(const char *path, uid_t uid, gid_t gid, const char **ret_why);
/* Opens one that exists, for reading. Accepts a folder that holds ring/, too. Or -errno. */
int statedir_open(const char *path);
/* A sub-directory, made if need be. >= 0: the descriptor; or -errno. */
int statedir_sub(int dirfd, const char *name);
/* 0: the lock is ours as long as the descriptor *ret_fd is open; -EWOULDBLOCK: another's. */
int statedir_lock(int dirfd, int *ret_fd);
/*
 * The path of a file as its directory and its name, which is within path. 0, or -EINVAL: it
 * names no file, or is too long.
 */
int statedir_split(const char *path, char *directory, size_t size, const char **ret_name);

#endif
