// SPDX-License-Identifier: GPL-2.0-only
/*
 * party.c - one side of a wait or an OOM kill as a group name.
 *
 * Owns: the order of evidence: the live process of that number with that comm, else what
 * the kernel side wrote down. Never makes a group. Not here: the table of pairs (delays.c).
 */
#include <string.h>

#include "data/processes.h"
#include "model/delays.h"

/* Nobody ran: that is the name, and each of its labels. */
static size_t idle_labels(unsigned int nkeys, char *dst)
{
	const size_t size = sizeof(LABEL_IDLE);
	unsigned int k;

	for (k = 0; k < nkeys; k++)
		memcpy(dst + k * size, LABEL_IDLE, size);
	return nkeys * size;
}

size_t party_labels(struct groups *groups, const struct snapshot *snapshot,
		    const struct vigie_party *party, char *dst)
{
	struct vigie_key raw = {
		.cgroup_id = party->cgroup_id,
		.tgid = party->tgid,
		.flags = party->flags,
	}, key;
	/* One of those of that name speaks for all, but where they are told apart. */
	bool several = party->flags & VIGIE_TASK_SOME && names_have_key(groups->names, KEY_PID);
	const struct process *process = NULL;
	struct group *group = NULL;
	unsigned int unknown = 0;
	struct labels labels;

	if (!party->tgid)
		return idle_labels(groups->names->config.nkeys, dst);
	memcpy(raw.comm, party->comm, sizeof(raw.comm));
	if (several)
		raw.tgid = 0;
	else
		process = processes_find(snapshot->processes, snapshot->nprocesses, party->tgid);
	if (process && !strncmp(process->comm, party->comm, VIGIE_COMM_LEN)) {
		names_key(groups->names, process, &key);
		group = groups_peek(groups, &key);
	} else {
		unknown = LABELS_NO_USER | LABELS_NO_EXE | (several ? LABELS_SOME : 0);
		names_normalise(groups->names, &raw, &key);
	}
	if (group) {
		memcpy(dst, group->text, group->len);
		return group->len;
	}
	labels_build(groups->names, &key, unknown, &labels);
	memcpy(dst, labels.text, labels.len);
	return labels.len;
}

size_t party_join(const struct vigie_party *party, const char *labels, size_t len, char *dst)
{
	if (!party->tgid)
		len = sizeof(LABEL_IDLE);
	labels_join(labels, len, dst);
	return len;
}

void party_name(struct groups *groups, const struct snapshot *snapshot,
		const struct vigie_party *party, char *dst)
{
	char labels[LABELS_SIZE];
	size_t len = party_labels(groups, snapshot, party, labels);

	party_join(party, labels, len, dst);
}
