/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * namer_child.h - the namer's own life, from the fork to the end of the socket.
 *
 * Owns: nothing but the entry; only namer.c calls it.
 */
#ifndef VIGIE_DAEMON_NAMER_CHILD_H
#define VIGIE_DAEMON_NAMER_CHILD_H

void namer_child(const char *root, int fd) __attribute__((noreturn));

#endif
