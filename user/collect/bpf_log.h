/* SPDX-License-Identifier: GPL-2.0-only */
/* bpf_log.h - libbpf's own messages, of the whole process. */
#ifndef VIGIE_COLLECT_BPF_LOG_H
#define VIGIE_COLLECT_BPF_LOG_H

#include <stdbool.h>

/* From now on they go to standard error, all of them, or nowhere. libbpf itself would show warnings. */
void bpf_log(bool verbose);

#endif
