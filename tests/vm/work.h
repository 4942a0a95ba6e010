/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * work.h - known work under a known name, and what the kernel itself says of it.
 *
 * Owns: the loads, /proc/PID files. Not here: comparing (check.c).
 */
#ifndef VIGIE_TESTS_VM_WORK_H
#define VIGIE_TESTS_VM_WORK_H

#include <stdint.h>
#include <sys/types.h>

enum { FORK_NORMAL = 300, FORK_ERROR = 150, FORK_SIGNAL = 50 };
enum { STORM_FORKERS = 8, STORM_EACH = 300 };

/* Each starts a child of that name (15 bytes at most); -1 if it cannot. */
pid_t work_burn(const char *name, int64_t cpu_ns); /* on CPU 0; then exits */
pid_t work_fork(const char *name); /* FORK_* children in turn; then exits */
/* STORM_FORKERS of it, more than CPUs, fork STORM_EACH children each; then all exit, with 0. */
pid_t work_storm(const char *name);
pid_t work_memory(const char *name, int64_t bytes); /* touches them, then sleeps for good */

/* Waits until the child is a zombie whose figures no longer change; does not reap it. */
void work_wait_zombie(pid_t pid);
/* Waits until the child sleeps. */
void work_wait_asleep(pid_t pid);

/* /proc/PID/schedstat: 0 CPU time, 1 run-queue wait. -1 if unreadable. */
int64_t proc_schedstat(pid_t pid, int field);
/* A "Name:" line of /proc/PID/status, in decimal or (base 16) hexadecimal. */
int64_t proc_status(pid_t pid, const char *name, unsigned int base);
/* "processes" of /proc/stat: tasks that were ever made. */
int64_t host_forks(void);
/* Field of /proc/PID/stat by its number in proc(5). */
int64_t proc_stat(pid_t pid, int field);

#endif
