/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * session_lock.h - what every profiling session has in common, whoever runs it.
 *
 * Owns: that there is one at a time on a host, and the description of target and command in it.
 */
#ifndef VIGIE_DAEMON_SESSION_LOCK_H
#define VIGIE_DAEMON_SESSION_LOCK_H

#include <stdbool.h>

#include "data/profile.h"

#define SESSION_LOCK "/run/vigie-session.lock"

enum { SESSION_HOLDER_LEN = 64 };

/*
 * Two would sample each other. Who asks is told to whoever comes later; wait: until the other ends.
 * A descriptor to be held; -EWOULDBLOCK: one runs, of holder ("pid 123, vigie record"; "" if it does
 * not say); or -errno.
 */
int session_lock_take(const char *who, bool wait, char holder[SESSION_HOLDER_LEN]);
/* target, command: for people. 0 or -errno. */
int session_lock_describe(struct profile *p, const char *target, const char *command);

#endif
