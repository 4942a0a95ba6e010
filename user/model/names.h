/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * names.h - from the raw fields of a process to the label values of its group.
 *
 * Owns: the cgroup names seen so far, the table of units, how each key is spelled.
 * Everything that leaves here is sanitised. Not here: groups (groups.h).
 */
#ifndef VIGIE_MODEL_NAMES_H
#define VIGIE_MODEL_NAMES_H

#include "base/hash.h"
#include "data/snapshot.h"
#include "model/model.h"
#include "model/unit.h"

enum {
	LABEL_SIZE = 129,
	LABEL_CGROUP_SIZE = 1025, /* docker in a kind cluster's pod has 400 */
	/* All keys at once; also room for the same joined by "/". */
	LABELS_SIZE = GROUP_KEYS * LABEL_SIZE + LABEL_CGROUP_SIZE,
};

#define LABEL_IDLE "(idle)"

/* A cgroup that has a name. Strings follow the struct in the same allocation. */
struct cgroup_entry {
	__u64 id;
	__u64 path_sum; /* of the raw path and its container: has it been renamed, or named? */
	__u64 seen_ns;
	__u64 version; /* differs from that of every other name, 0 is "no name yet" */
	const char *runtime;
	const char *unit, *path;
	bool guessed; /* the unit is */
	const char *container[CONTAINER_TEXTS]; /* "" where it has none */
	char container_id[CONTAINER_ID_LEN];
	char pod_uid[POD_UID_LEN];
	char text[];
};

/*
 * What is known about a unit: from the first cgroup seen with it that is a container's, else from
 * the first, until its last group goes. A container that has gone hands over to the next one.
 */
struct unit_entry {
	__u32 sum, place;
	unsigned int refs; /* groups that carry it */
	__u64 cgroup_id; /* that all below is of; 0: none */
	__u64 sought; /* names.generation when a successor was looked for in vain */
	const char *unit, *cgroup, *runtime;
	const char *container[CONTAINER_TEXTS];
	bool guessed; /* only the last component of the cgroup's path named it */
	char container_id[CONTAINER_ID_LEN];
	char pod_uid[POD_UID_LEN];
	struct unit_figures figures; /* unit_book.h writes them */
	bool unlimited_memory, unlimited_tasks; /* one of its cgroups has no limit */
	char *about; /* cgroup and container point into it */
	char text[];
};

struct names {
	struct model_config config;
	__u64 seed;
	struct cgroup_entry **cgroups;
	__u32 ncgroups, cgroups_max;
	size_t cgroups_cap;
	struct hash cgroup_index;
	__u64 generation; /* grows with every new or changed name */
	struct unit_entry **units;
	__u32 nunits, nguessed; /* of units: those that are guessed */
	__u64 units_changed; /* how often one of them was handed over */
	size_t units_cap;
	struct hash unit_index;
};

/* The label values of one group, each terminated, in the order of the configured keys. */
struct labels {
	size_t len; /* of text, all terminators included: equal labels are equal bytes */
	unsigned int at[GROUP_KEYS];
	const struct cgroup_entry *cgroup; /* NULL: kernel thread or no name */
	bool kernel;
	char text[LABELS_SIZE];
};

/* What cannot be known about a dead party, or one that is several processes. */
enum { LABELS_NO_USER = 1 << 0, LABELS_NO_EXE = 1 << 1, LABELS_SOME = 1 << 2 };

void names_init(struct names *names, const struct model_config *config, __u64 seed);
void names_done(struct names *names);
/* Takes up a snapshot's cgroup names; what finds no memory stays without a name. */
void names_update(struct names *names, const struct snapshot *snapshot, __u64 now_ns);
/* Forgets names not seen since forget_ns ago, all unseen ones if they become too many. */
void names_sweep(struct names *names, __u64 now_ns, __u64 forget_ns);
const struct cgroup_entry *names_cgroup(const struct names *names, __u64 id);

/* Only the fields that the keys need, alike for all processes of one raw name. */
void names_key(const struct names *names, const struct process *process, struct vigie_key *ret);
void names_normalise(const struct names *names, const struct vigie_key *key, struct vigie_key *ret);
bool names_have_key(const struct names *names, enum group_key key);

void labels_build(const struct names *names, const struct vigie_key *key, unsigned int unknown,
		  struct labels *ret);
/* Label values joined by "/"; dst has LABELS_SIZE bytes. */
void labels_join(const char *text, size_t len, char *dst);

void unit_entry_free(struct unit_entry *unit);
/* NULL without KEY_UNIT or without memory. */
struct unit_entry *units_get(struct names *names, const struct labels *labels);
void units_put(struct names *names, struct unit_entry *unit); /* accepts NULL */
/* Another cgroup of it was seen: a container's tells more. Accepts NULL. */
void units_note(struct names *names, struct unit_entry *unit, const struct cgroup_entry *cgroup);
struct unit_entry *units_find(const struct names *names, const char *unit); /* or NULL */
/* After names_update(): a unit whose container has gone is of the one that has its name now. */
void units_hand_over(struct names *names, __u64 now_ns);

#endif
