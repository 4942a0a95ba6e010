/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * serve_source.h - a running `vigie serve` as a source of snapshots: nothing more in the kernel, no root.
 *
 * Owns: asking through the socket in its state directory, and which entries of an answer are new. What
 * it says is no more trusted than a file: read with the same checks. Not here: what it answers
 * (live_tail.h).
 */
#ifndef VIGIE_DAEMON_SERVE_SOURCE_H
#define VIGIE_DAEMON_SERVE_SOURCE_H

#include "data/source.h"

/*
 * directory: its state directory. next() hands out what was taken since the call before, one by one;
 * -EAGAIN: nothing new yet. 0; -ENOENT, -ECONNREFUSED: nobody serves there; -EACCES; or -errno.
 */
int serve_source__open(const char *directory, struct source **ret);

#endif
