/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* exit.bpf.h - what an exit status means: value in, value out. */
#ifndef VIGIE_EXIT_BPF_H
#define VIGIE_EXIT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <vigie/abi.h>

/* wait status as waitpid() gives it: 0x300 is exit(3), 0x9 is SIGKILL. */
static __always_inline __u32 exit_how(__u32 status)
{
	if (status & 0x7f)
		return VIGIE_EXIT_SIGNAL;
	return status >> 8 & 0xff ? VIGIE_EXIT_ERROR : VIGIE_EXIT_NORMAL;
}

#endif
