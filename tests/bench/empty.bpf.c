// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * empty.bpf.c - owns the program that does nothing, where the switch probe sits.
 *
 * What the kernel's statistics read for it is their own cost: it is taken off every figure.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tp_btf/sched_switch")
int bench_empty(__u64 *ctx)
{
	return 0;
}
