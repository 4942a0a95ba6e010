/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * host.h - the host's own totals from /proc: stat, meminfo, loadavg, vmstat, pressure.
 *
 * host_parse_*: PURE, for tests and fuzzing; text need not be NUL-terminated at len.
 */
#ifndef VIGIE_COLLECT_HOST_H
#define VIGIE_COLLECT_HOST_H

#include "data/snapshot.h"

void host_parse_stat(const char *text, size_t len, unsigned long ticks_per_second,
		     struct host *ret);
void host_parse_meminfo(const char *text, size_t len, struct host_memory *ret);
void host_parse_vmstat(const char *text, size_t len, struct host *ret);
/* /proc/pressure, kept open: it is small, and opening is most of what reading it costs. */
struct host_pressure {
	int fd[PSI_RESOURCES]; /* -1: there is no such thing */
};

void host_pressure_open(struct host_pressure *pressure);
void host_pressure_close(struct host_pressure *pressure);
void host_pressure_read(const struct host_pressure *pressure, struct host *ret);

/* 0 or -errno of stat or meminfo; what could be read is filled in, the rest is left alone. */
int host_read(struct host *ret);

#endif
