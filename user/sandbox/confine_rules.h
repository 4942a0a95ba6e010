/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * confine_rules.h - rules that several filters have. Only confine*.c include it.
 */
#ifndef VIGIE_SANDBOX_CONFINE_RULES_H
#define VIGIE_SANDBOX_CONFINE_RULES_H

#include <seccomp.h>

/* fork(), into no new namespace. 0 or -errno. */
int confine_allow_forks(scmp_filter_ctx ctx);
/* All that CONFINE_PUSHER has beyond what everybody has. 0 or -errno. */
int confine_allow_pushing(scmp_filter_ctx ctx);
/* bpf(BPF_ENABLE_STATS). 0 or -errno. */
int confine_allow_stats(scmp_filter_ctx ctx);

#endif
