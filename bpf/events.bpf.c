// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * events.bpf.c - owns the ring buffer of rare events, and the names of new cgroups.
 *
 * A cgroup is named as it is made, so that one that lived for a moment has its name. Only
 * the hierarchy that the plan chose matters.
 */
#include "compat.bpf.h"
#include "events.bpf.h"

struct events_map events SEC(".maps");

static __always_inline void cgroup_named(struct cgroup *cgrp, const char *path)
{
	struct vigie_cgroup_event *event;

	if (cgrp->root->hierarchy_id != cfg_cgroup_hierarchy)
		return;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		count_loss(VIGIE_LOSS_RING_FULL);
		return;
	}
	event->kind = VIGIE_EVENT_CGROUP;
	event->zero = 0;
	event->id = cgrp->kn->id;
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
