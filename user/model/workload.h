/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * workload.h - what a person calls the unit that a container is of. PURE.
 *
 * Owns: how the names that a runtime gave make a unit's name that is the same after a restart.
 * Not here: the names themselves (data/container.h), container ids in paths (unit.h).
 */
#ifndef VIGIE_MODEL_WORKLOAD_H
#define VIGIE_MODEL_WORKLOAD_H

#include <stddef.h>

#include "data/container.h"
#include "model/unit.h"

/*
 * How much of a pod's name is its workload's: without the parts that Kubernetes makes up for each
 * pod of a Deployment, DaemonSet, Job or CronJob.
 */
size_t workload_len(const char *pod);
/*
 * Names the unit after its container, where its name is made of the id: a service that runs a
 * container stays the service. "docker-web", "podman-web@alice" of a rootless one, "nerdctl-prod/web"
 * in a namespace of containerd, "shop/web/nginx" (namespace, workload, container) in Kubernetes.
 */
void unit_name_workload(struct unit *unit, const struct container *container);

#endif
