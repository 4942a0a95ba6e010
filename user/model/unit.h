/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * unit.h - from a cgroup path to what a person calls it. PURE.
 *
 * Owns: the path conventions of systemd, docker, containerd, CRI-O, podman, LXC and
 * Kubernetes. Not here: reading cgroupfs (collect/).
 */
#ifndef VIGIE_MODEL_UNIT_H
#define VIGIE_MODEL_UNIT_H

enum { UNIT_NAME_LEN = 128, CONTAINER_ID_LEN = 65, POD_UID_LEN = 37 };

struct unit {
	char name[UNIT_NAME_LEN]; /* raw, not sanitised: "nginx.service", "docker-0123456789ab" */
	char container_id[CONTAINER_ID_LEN]; /* 64 hex digits or "" */
	char pod_uid[POD_UID_LEN]; /* with dashes, or "" */
	const char *runtime; /* "docker", "containerd", "crio", "podman", "lxc", "systemd", "" */
};

/* Any bytes are accepted; the name is never empty ("/" for the root). */
void unit_from_path(const char *path, struct unit *ret);

#endif
