/* SPDX-License-Identifier: GPL-2.0-only */
/* process.h - how a process that we fork begins, what it costs, and how its end is awaited. */
#ifndef VIGIE_SANDBOX_PROCESS_H
#define VIGIE_SANDBOX_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <vigie/abi.h>

enum { PROCESS_STOP_MS = 300 }; /* for one of the daemon's: a stop as a whole takes 500 at most */

/*
 * In the child. A fork has everything: closes all but standard input, output, error and these, in
 * any order; -1 among them is nobody.
 */
void process_close_all_but(const int *keep, size_t n);
/* A stop or Ctrl-C reaches the child, too: it ends when the main process has said all. */
void process_ignore_signals(void);
__u64 process_resident_bytes(int statm); /* open /proc/PID/statm; 0: not known */
__u64 process_cpu_ns(int who); /* RUSAGE_SELF or RUSAGE_CHILDREN, user + system; 0: not known */

/*
 * In the parent, once the child has been told or killed. True: it is gone, and reaped, and
 * *ret_cpu_ns (NULL: of no interest) is what it used. One that hangs must not keep us: false, and
 * it ends on its own.
 */
bool process_await_end(pid_t pid, unsigned int timeout_ms, __u64 *ret_cpu_ns);

#endif
