/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* life.bpf.h - since when every new task is seen; defined in life.bpf.c. */
#ifndef VIGIE_LIFE_BPF_H
#define VIGIE_LIFE_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

extern volatile __u64 attached_ns; /* CLOCK_BOOTTIME, as start_boottime; 0: not yet */

static __always_inline bool born_attached(struct task_struct *task)
{
	return attached_ns && task->start_boottime >= attached_ns;
}

#endif
