// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * events.bpf.c - owns the ring buffer of rare events, and the names of new cgroups.
 *
 * A cgroup is named as it is made, so that one that lived for a moment has its name. Only
 * the hierarchies that the plan chose matter.
 */
#include "compat.bpf.h"
#include "events.bpf.h"

struct events_map events SEC(".maps");

/* The place of the cgroup's hierarchy in the plan's list; VIGIE_CGROUP_TREES: in none. */
static __always_inline __u32 cgroup_tree(struct cgroup *cgrp)
{
	int hierarchy = cgrp->root->hierarchy_id;

#pragma unroll
	for (__u32 i = 0; i < VIGIE_CGROUP_TREES; i++)
		if (i < cfg_cgroup_trees && hierarchy == cfg_cgroup_hierarchy[i])
			return i;
	return VIGIE_CGROUP_TREES;
}

static __always_inline void cgroup_named(struct cgroup *cgrp, const char *path)
{
	struct vigie_cgroup_event *event;
	__u64 tree = cgroup_tree(cgrp);

	if (tree == VIGIE_CGROUP_TREES)
		return;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		count_loss(VIGIE_LOSS_RING_FULL);
		return;
	}
	event->kind = VIGIE_EVENT_CGROUP;
	event->zero = 0;
	event->id = cgrp->kn->id | tree << VIGIE_CGROUP_TREE_SHIFT;
	/* A path that cannot be read, or is cut, is none: user space looks it up instead. */
	event->path[0] = '\0';
	if (bpf_probe_read_kernel_str(event->path, sizeof(event->path), path) ==
	    sizeof(event->path))
		event->path[0] = '\0';
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

SEC("?tp_btf/cgroup_mkdir")
int on_cgroup_mkdir(__u64 *ctx)
{
	cgroup_named((struct cgroup *)ctx[0], (const char *)ctx[1]);
	return 0;
}

SEC("?tp_btf/cgroup_rename")
int on_cgroup_rename(__u64 *ctx)
{
	cgroup_named((struct cgroup *)ctx[0], (const char *)ctx[1]);
	return 0;
}
