/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* life.bpf.h - since when every new task is seen; defined in life.bpf.c. */
#ifndef VIGIE_LIFE_BPF_H
#define VIGIE_LIFE_BPF_H

#include "vmlinux.h"

extern volatile __u64 attached_ns; /* CLOCK_BOOTTIME, as start_boottime; 0: not yet */

#endif
