/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tasks.h - from the iterator's task records to processes. PURE.
 *
 * Owns: adding up threads, and the processes between two passes: a task that slept on hands
 * out a short record, and its process keeps what the last whole one showed. A process is all
 * records of one tgid within one pass.
 */
#ifndef VIGIE_COLLECT_TASKS_H
#define VIGIE_COLLECT_TASKS_H

#include "base/hash.h"
#include "data/snapshot.h"

struct tasks {
	struct process *processes; /* between passes: ascending pid */
	__u32 *seen; /* by place: number of the pass that saw it last */
	size_t n, cap;
	size_t known; /* of them from earlier passes: ascending pid; behind them the new ones */
	size_t hint; /* place of the latest record: the next one is likely its neighbour */
	struct hash by_pid; /* of the new ones */
	__u32 pass;
	__u64 records, untracked; /* of this pass */
	__u64 lost; /* of this pass: no memory, or a short record of an unknown process */
};

void tasks_init(struct tasks *t);
void tasks_done(struct tasks *t);
void tasks_begin(struct tasks *t);
void tasks_add(struct tasks *t, const struct vigie_task *rec);
void tasks_add_asleep(struct tasks *t, const struct vigie_asleep *rec);
/*
 * Drops who was not seen, sorts, and raises each peak to at least the current size. After an
 * incomplete pass who was not seen may live: kept as he was, without increments.
 */
void tasks_end(struct tasks *t, bool complete);
/* NULL: this pass has not seen such a process. */
struct process *tasks_find(struct tasks *t, __u32 pid);

#endif
