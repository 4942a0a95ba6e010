/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scribe_child.h - the scribe's own life, from the fork to the end of the socket.
 *
 * Owns: nothing but the entry; only scribe.c calls it.
 */
#ifndef VIGIE_APP_SCRIBE_CHILD_H
#define VIGIE_APP_SCRIBE_CHILD_H

#include "app/scribe.h"

void scribe_child(const struct scribe_config *config, int fd) __attribute__((noreturn));

#endif
