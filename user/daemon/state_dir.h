/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * state_dir.h - the directory that vigie keeps its recording, log and evidence in.
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
#ifndef VIGIE_DAEMON_STATE_DIR_H
#define VIGIE_DAEMON_STATE_DIR_H

#include <sys/types.h>

#define STATEDIR_DEFAULT "/var/lib/vigie"
#define STATEDIR_RING "ring"
#define STATEDIR_INCIDENTS "incidents"
#define STATEDIR_VERDICTS "verdicts"
#define STATEDIR_LOCK "lock"

/*
 * Makes the directory (not its parents) if need be and opens it. As root it is given to uid
 * and gid, mode 0750. Refused, with *ret_why completing "DIR …": what is no directory, what
 * others may write to, what belongs to neither root nor uid. >= 0: the descriptor; or -errno.
 */
int statedir_make(const char *path, uid_t uid, gid_t gid, const char **ret_why);
/* A sub-directory, made if need be. >= 0: the descriptor; or -errno. */
int statedir_sub(int dirfd, const char *name);
/* 0: the lock is ours as long as the descriptor *ret_fd is open; -EWOULDBLOCK: another's. */
int statedir_lock(int dirfd, int *ret_fd);

#endif
