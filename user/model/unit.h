/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * unit.h - from a cgroup path to what a person calls it. PURE.
 *
 * Owns: systemd's units, and how the table of conventions (conventions.h) is applied. Not
 * here: reading cgroupfs (collect/).
 */
#ifndef VIGIE_MODEL_UNIT_H
#define VIGIE_MODEL_UNIT_H

#include <stdbool.h>

enum { UNIT_NAME_LEN = 128, CONTAINER_ID_LEN = 65, POD_UID_LEN = 37 };

struct unit {
	char name[UNIT_NAME_LEN]; /* raw, not sanitised: "nginx.service", "docker-0123456789ab" */
	char container_id[CONTAINER_ID_LEN]; /* 64 hex digits, a task's id of Fargate, or "" */
	char pod_uid[POD_UID_LEN]; /* with dashes, or "" */
	const char *runtime; /* "docker", "containerd", "slurm", "systemd", ...; or "" */
	bool guessed; /* no convention is known: named by the last component alone */
};

/* Any bytes are accepted; the name is never empty ("/" for the root). */
void unit_from_path(const char *path, struct unit *ret);

#endif
