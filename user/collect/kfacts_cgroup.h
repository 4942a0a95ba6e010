/* SPDX-License-Identifier: GPL-2.0-only */
/* kfacts_cgroup.h - which cgroup hierarchies are mounted. Internal to collect. */
#ifndef VIGIE_COLLECT_KFACTS_CGROUP_H
#define VIGIE_COLLECT_KFACTS_CGROUP_H

#include "collect/kfacts.h"

/* Fills in cgroup_layout and hierarchies, all but subsys. */
void kfacts_cgroups(struct kfacts *facts);

#endif
