/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * writer_child.h - the writer's own life, from the fork to the end of the socket.
 *
 * Owns: nothing but the entry; only writer.c calls it.
 */
#ifndef VIGIE_DAEMON_WRITER_CHILD_H
#define VIGIE_DAEMON_WRITER_CHILD_H

#include "daemon/writer.h"

void writer_child(const struct writer_config *config, int fd) __attribute__((noreturn));

#endif
