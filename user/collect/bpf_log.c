// SPDX-License-Identifier: GPL-2.0-only
/* bpf_log.c - owns where libbpf's own messages go. */
#include "collect/bpf_log.h"

#include <bpf/libbpf.h>
#include <stdio.h>

static int print(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return vfprintf(stderr, fmt, args);
}

void bpf_log(bool verbose)
{
	libbpf_set_print(verbose ? print : NULL);
}
