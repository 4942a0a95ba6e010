/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * container.h - what a container is called by the runtime that runs it.
 *
 * Owns: these texts, how long they may be and of which characters. They come from files that
 * belong to others: what does not look like a name is not taken for one. Not here: reading those
 * files (runtimes/), what a unit is called (model/workload.h).
 */
#ifndef VIGIE_DATA_CONTAINER_H
#define VIGIE_DATA_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <vigie/abi.h>

/* A history has them in this order: append only. */
enum container_text {
	CONTAINER_NAME, /* "web" */
	CONTAINER_POD, /* Kubernetes: "web-7d4b9c6f5-x2x8k" */
	CONTAINER_NAMESPACE, /* of Kubernetes; without a pod of containerd, where it is not "default" */
	CONTAINER_IMAGE, /* "docker.io/library/nginx:1.27" */
	CONTAINER_OWNER, /* of a rootless one: the name of its user */
	CONTAINER_TEXTS,
};

enum { CONTAINER_TEXT_SIZE = 256 }; /* with the NUL */

/* "" where there is no such thing. */
struct container {
	const char *text[CONTAINER_TEXTS];
};

/* The same in one piece, for a packet. */
struct container_packed {
	char text[CONTAINER_TEXTS][CONTAINER_TEXT_SIZE];
};

/* Of allowed characters and length; "" is. len may count NULs, which are not allowed. */
bool container_text_is_valid(enum container_text which, const char *text, size_t len);
/* Every text is terminated and valid, and there is a name or a pod with its namespace. */
bool container_packed_is_valid(const struct container_packed *packed);

/* A copy in one allocation, for free(); NULL: no memory. */
struct container *container_copy(const struct container *from);
struct container *container_unpack(const struct container_packed *from);
__u64 container_hash(const struct container *container, __u64 seed); /* NULL: the seed */

#endif
