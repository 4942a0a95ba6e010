/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * processes.h - looking a process up in the list of a snapshot or a view, which ascends by pid.
 *
 * Owns: the search. Not here: the list (snapshot.h).
 */
#ifndef VIGIE_DATA_PROCESSES_H
#define VIGIE_DATA_PROCESSES_H

#include "data/snapshot.h"

/* The place of the first whose pid is not below; n: there is none. */
size_t processes_from(const struct process *processes, size_t n, __u32 pid);
/* The one of that pid, or NULL. */
const struct process *processes_find(const struct process *processes, size_t n, __u32 pid);

#endif
