/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * namer_child.h - the namer's own life, once it is confined, to the end of the socket.
 *
 * Owns: nothing but the entry; only namer.c calls it.
 */
#ifndef VIGIE_DAEMON_NAMER_CHILD_H
#define VIGIE_DAEMON_NAMER_CHILD_H

void namer_run(int fd, const void *root); /* as side_process.h wants it; root is a path */

#endif
