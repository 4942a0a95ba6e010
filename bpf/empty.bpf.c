// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * empty.bpf.c - owns the program that does nothing.
 *
 * It is attached nowhere. What the kernel's statistics read for it, run by user space at the start,
 * is their own cost, which is taken off every other program's (user/collect/bpf_weigh.c).
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("?raw_tp/sched_switch")
int on_nothing(__u64 *ctx)
{
	return 0;
}
