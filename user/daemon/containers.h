/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * containers.h - a snapshot's cgroups get the names of their containers.
 *
 * A container is asked about once, when a snapshot has its cgroup for the first time, and what it
 * is called is part of that snapshot: the model, the history and a replay see the same. An answer
 * takes some milliseconds and is awaited for 50 at most; a container that is still without a name
 * then goes under its id, and under its name from the snapshot on that has it. After an answer
 * that did not come in time nobody is waited for in a minute.
 *
 * Owns: which containers are known, what is asked when. Bounded; the longest unseen are forgotten.
 */
#ifndef VIGIE_DAEMON_CONTAINERS_H
#define VIGIE_DAEMON_CONTAINERS_H

#include "daemon/namer.h"
#include "data/snapshot.h"

struct containers;

/* Takes nothing: namer stays the caller's, and lives longer. NULL with errno set. */
struct containers *containers__new(struct namer *namer);
void containers__free(struct containers *containers); /* accepts NULL */
/* Fills in snapshot->cgroups[].container; valid until the next call. */
void containers__name(struct containers *containers, struct snapshot *snapshot);
/*
 * Of one cgroup, now; waits up to two seconds, unless somebody kept it waiting. NULL: none, or not
 * known. Valid until the next call.
 */
const struct container *containers__find(struct containers *containers, const char *path);

/* Which container a cgroup belongs to. False: to none that has an id. */
bool containers_ask_for(const char *path, struct lookup_ask *ret);

#endif
