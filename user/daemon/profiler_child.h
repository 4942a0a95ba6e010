/* SPDX-License-Identifier: GPL-2.0-only */
/* profiler_child.h - the profiler's own life, from the fork to the end of its socket. */
#ifndef VIGIE_DAEMON_PROFILER_CHILD_H
#define VIGIE_DAEMON_PROFILER_CHILD_H

/*
 * asks: to the main process; parcels: to the writer; runtime_root as in profiler.h. Only
 * profiler.c calls it.
 */
void profiler_child(int asks, int parcels, const char *runtime_root) __attribute__((noreturn));

#endif
