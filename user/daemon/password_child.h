/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * password_child.h - the process that does bcrypt: 60 ms a password and more, beside the serving.
 *
 * It has neither files nor capabilities nor a network, is nice to everybody else, and verifies one password
 * at a time. Owns: crypt(3). Not here: who asks what, and how often (http/auth.h).
 */
#ifndef VIGIE_DAEMON_PASSWORD_CHILD_H
#define VIGIE_DAEMON_PASSWORD_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

/* 0 with its pid and the descriptor for http__set_verifier(); else as side_process_start(). */
int password_start(pid_t *ret_pid, int *ret_fd, const char **ret_what);
/*
 * Would crypt(3) take this hash of 60 bytes at all? It looks at more than the form. At the least
 * cost: it takes a millisecond.
 */
bool password_hash_works(const char *hash);

#endif
