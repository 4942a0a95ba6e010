// SPDX-License-Identifier: GPL-2.0-only
/*
 * confine_meter.c - owns what is left to who switches the kernel's statistics of BPF programs on.
 *
 * The kernel asks for CAP_SYS_ADMIN each time, which is much; all that the filter lets it be used for is
 * that one command, which changes nothing but a count of nanoseconds.
 */
#include "sandbox/confine.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/confine_rules.h"

int confine_allow_stats(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp enable = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)BPF_ENABLE_STATS);

	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(bpf), 1, &enable);
}

int confine_meter_stats(void)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.enable_stats.type = BPF_STATS_RUN_TIME;
	fd = syscall(SYS_bpf, BPF_ENABLE_STATS, &attr, sizeof(attr));
	return fd < 0 ? -errno : fd;
}
