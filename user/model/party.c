// SPDX-License-Identifier: GPL-2.0-only
/*
 * party.c - one side of a wait or an OOM kill as a group name.
 *
 * Owns: the order of evidence: the live process of that number with that comm, else what
 * the kernel side wrote down. Never makes a group. Not here: the table of pairs (delays.c).
 */
#include <stdio.h>
#include <string.h>

#include "data/processes.h"
#include "model/delays.h"

void party_name(struct groups *groups, const struct snapshot *snapshot,
		const struct vigie_party *party, char *dst)
{
	struct vigie_key raw = {
		.cgroup_id = party->cgroup_id,
		.tgid = party->tgid,
		.flags = party->flags,
	}, key;
	const struct process *process;
	struct group *group = NULL;
	unsigned int unknown = 0;
	struct labels labels;

	if (!party->tgid) {
		snprintf(dst, LABELS_SIZE, LABEL_IDLE);
		return;
	}
	memcpy(raw.comm, party->comm, sizeof(raw.comm));
	process = processes_find(snapshot->processes, snapshot->nprocesses, party->tgid);
	if (process && !strncmp(process->comm, party->comm, VIGIE_COMM_LEN)) {
		names_key(groups->names, process, &key);
		group = groups_peek(groups, &key);
	} else {
		unknown = LABELS_NO_USER | LABELS_NO_EXE;
		names_normalise(groups->names, &raw, &key);
	}
	if (group) {
		labels_join(group->text, group->len, dst);
		return;
	}
	labels_build(groups->names, &key, unknown, &labels);
	labels_join(labels.text, labels.len, dst);
}
