/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * state_dir.h - the directory that vigie keeps its history, log and evidence in.
 *
 *	DIR/ring/             raw snapshots (docs/history.md)
 *	DIR/events.ndjson     the log (docs/log.md)
 *	DIR/incidents/ID/     evidence, a folder a finding
 *	DIR/verdicts          verdicts on findings
 *	DIR/lock              held by the vigie that writes here
 *	DIR/socket            where it answers who may read all that: live_tail.h
 *
 * Owns: making and opening it with the right owner, and what is refused. Not here: what is
 * in the files.
 */
#ifndef VIGIE_DAEMON_STATE_DIR_H
#define VIGIE_DAEMON_STATE_DIR_H

#include <sys/types.h>

#define STATE_DIR_DEFAULT "/var/lib/vigie"
#define STATE_DIR_RING "ring"
#define STATE_DIR_INCIDENTS "incidents"
#define STATE_DIR_VERDICTS "verdicts"
#define STATE_DIR_LOCK "lock"
#define STATE_DIR_SOCKET "socket"

/*
 * Makes the directory (not its parents) if need be and opens it. As root it is given to uid
 * and gid, mode 0750. Refused, with *ret_why completing "DIR …": what is no directory, what
 * others may write to, what belongs to neither root nor uid, what holds files but no
 * STATE_DIR_LOCK: somebody else's. >= 0: the descriptor; or -errno.
 */
int state_dir_make(const char *path, uid_t uid, gid_t gid, const char **ret_why);
/*
 * To be called before. Where no user vigie was, vigie served as nobody: as root, a directory of ours
 * that is nobody's is given to uid and gid with all that is in it, unless a vigie holds its lock. How
 * many files and directories that were; 0: none; or -errno.
 */
int state_dir_adopt(const char *path, uid_t uid, gid_t gid);
/* A sub-directory, made if need be. >= 0: the descriptor; or -errno. */
int state_dir_sub(int dirfd, const char *name);
/* For who reads: where the segments are, DIR/ring or DIR itself. >= 0: the descriptor; or -errno. */
int state_dir_ring(const char *path);
/* 0: the lock is ours as long as the descriptor *ret_fd is open; -EWOULDBLOCK: another's. */
int state_dir_lock(int dirfd, int *ret_fd);
/* The same; root that has no CAP_DAC_OVERRIDE makes it as the user whose directory it is. */
int state_dir_lock_as(int dirfd, uid_t uid, gid_t gid, int *ret_fd);

#endif
