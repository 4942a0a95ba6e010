/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* events.bpf.h - sending a rare event; defined in events.bpf.c. */
#ifndef VIGIE_EVENTS_BPF_H
#define VIGIE_EVENTS_BPF_H

#include "cpus.bpf.h"

struct events_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
};
extern struct events_map events SEC(".maps");

/* Wakes no reader: the ring is read with every snapshot. A full ring is counted. */
static __always_inline void event_send(void *event, __u64 size)
{
	if (bpf_ringbuf_output(&events, event, size, BPF_RB_NO_WAKEUP))
		count_loss(VIGIE_LOSS_RING_FULL);
}

#endif
