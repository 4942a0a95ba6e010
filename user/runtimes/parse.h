/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * parse.h - what is in the runtimes' files: bytes in, names out.
 *
 * Owns: the keys of each file, where its documentation or its writer's source says them. The bytes
 * may be anybody's: what is no JSON, is nested deeper than any of them, or names what cannot be a
 * name, is refused whole. Not here: where the files are (lookup.h).
 */
#ifndef VIGIE_RUNTIMES_PARSE_H
#define VIGIE_RUNTIMES_PARSE_H

#include <stddef.h>

#include "data/container.h"

/* All of them: 0 with *ret filled in, -ENOENT: it does not say, -EBADMSG, -ENOMEM. */

/* Docker's containers/ID/config.v2.json. */
int parse_docker(const char *data, size_t len, struct container_packed *ret);
/* The annotations in an OCI bundle's config.json: containerd's CRI, CRI-O, nerdctl. */
int parse_oci(const char *data, size_t len, struct container_packed *ret);
/* containers/storage's containers.json, which lists all containers: that of this id. */
int parse_storage(const char *data, size_t len, const char *id, struct container_packed *ret);
/* A name in /var/log/containers: POD_NAMESPACE_CONTAINER-ID.log. */
int parse_log_link(const char *name, const char *id, struct container_packed *ret);
/* A name in /var/log/pods: NAMESPACE_POD_UID. */
int parse_log_dir(const char *name, const char *pod_uid, struct container_packed *ret);

#endif
