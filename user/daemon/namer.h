/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * namer.h - the process that knows what containers are called.
 *
 * The runtimes' files are root's, and of users whose homes are closed; they are no business of the
 * process that serves. So the namer is forked before that, keeps the one capability to read any
 * file, and answers one question: what is container ID called? Each answer is read by a process
 * of its own that Landlock confines to the runtimes' directories.
 *
 * Owns: the life of that process and the questions. Not here: which containers, and when
 * (containers.h), where the names are (runtimes/lookup.h).
 */
#ifndef VIGIE_DAEMON_NAMER_H
#define VIGIE_DAEMON_NAMER_H

#include <stdbool.h>
#include <sys/types.h>

#include "daemon/namer_wire.h"

struct namer;

/* root: before all paths, "" for this host's (it is borrowed). 0, or -errno with *ret_what (static). */
int namer__start(const char *root, struct namer **ret, const char **ret_what);
void namer__free(struct namer *namer); /* accepts NULL */

pid_t namer__pid(const struct namer *namer);
/* Readable when there is an answer; -1: it is gone. */
int namer__fd(const struct namer *namer);
/* Never waits. 0, or -errno: not asked (-EAGAIN: later; -EPIPE: it is gone). */
int namer__ask(struct namer *namer, const struct lookup_ask *ask);
/* Reads one answer, valid as far as its texts go. True: there may be more. */
bool namer__listen(struct namer *namer, struct namer_said *ret);
/* Its figures as of the last answer, up apart. */
void namer__stat(const struct namer *namer, struct self_namer *ret);

#endif
