/* SPDX-License-Identifier: GPL-2.0-only */
/* process.h - how a process that we fork begins, and how its end is awaited. */
#ifndef VIGIE_SANDBOX_PROCESS_H
#define VIGIE_SANDBOX_PROCESS_H

#include <stddef.h>
#include <sys/types.h>
#include <vigie/abi.h>

/* In the child. A fork has everything: closes all but standard input, output, error and these. */
void process_close_all_but(const int *keep, size_t n); /* -1 among them is nobody */
/* A stop or Ctrl-C reaches the child, too: it ends when the main process has said all. */
void process_ignore_signals(void);
__u64 process_cpu_ns(int who); /* RUSAGE_SELF or RUSAGE_CHILDREN, user + system; 0: not known */

/* In the parent, once the child has been told. One that hangs must not keep us: it ends on its own. */
void process_await_end(pid_t pid);

#endif
