/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * proc.h - processes as /proc shows them: which there are, their names, when they began.
 *
 * Owns: the paths, and the parsing of what a process can choose itself: a name may hold spaces,
 * brackets and newlines. Not here: the host's files, and reading many processes often (that is
 * what the kernel's iterator is for).
 */
#ifndef VIGIE_BASE_PROC_H
#define VIGIE_BASE_PROC_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <vigie/abi.h>

/* The next process of an open /proc; false: no more. */
bool proc_next(DIR *proc, pid_t *ret_pid);
/* /proc/PID/name, at most size - 1 bytes of it, and a NUL. How many, or -errno; -ESRCH: it is gone. */
ssize_t proc_read(pid_t pid, const char *name, char *dst, size_t size);
/* Its name, cut to size - 1 bytes. 0 or -errno. */
int proc_comm(pid_t pid, char *dst, size_t size);
/* When it began, in clock ticks since the boot. 0 or -errno. */
int proc_start_ticks(pid_t pid, __u64 *ret);
/* Its main thread runs, or would if it had a CPU: it waits for nothing else. False as well: it is gone. */
bool proc_is_runnable(pid_t pid);

/* What proc_start_ticks() makes of a stat file; separate, for what no kernel writes. 0 or -EPROTO. */
int proc_parse_start(char *stat, __u64 *ret);
/* Its letter there, see proc(5); NUL: that is no stat file. */
char proc_parse_state(const char *stat);

#endif
