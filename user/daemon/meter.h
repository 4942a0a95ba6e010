/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * meter.h - the process that switches the kernel's statistics of BPF programs on for a moment.
 *
 * What our programs cost others only these statistics say, and they cost more than the programs
 * do: they are on for a tenth of a second now and then. Each time that takes CAP_SYS_ADMIN, which the
 * main process has given up; to keep a descriptor would keep them on. So a process stays behind that
 * has this capability, a filter that leaves nothing else to do with it, and an input of one byte that
 * says "now". Not here: what the statistics say (collect), how often (overhead.c).
 */
#ifndef VIGIE_DAEMON_METER_H
#define VIGIE_DAEMON_METER_H

#include <stdbool.h>
#include <sys/types.h>
#include <vigie/abi.h>

struct meter;

struct meter_said {
	__s32 err; /* 0 or -errno: then it measures nothing */
	__u32 zero;
	__u64 on_ns; /* for how long they were on */
	__u64 switches; /* of the host in that time; 0: not known */
	__u64 cpu_ns; /* what the meter itself used, ever: the kernel patches its code */
};

/* Forks, to be called with privileges and before there is a BPF object. 0, or -errno with *ret_what (static). */
int meter__start(struct meter **ret, const char **ret_what);
void meter__free(struct meter *meter); /* accepts NULL */
/* Readable when it has measured; -1: it is gone. */
int meter__fd(const struct meter *meter);
/* Never waits. 0, or -errno: not asked (-EPIPE: it is gone). */
int meter__ask(struct meter *meter);
/* True: *ret is filled in. */
bool meter__listen(struct meter *meter, struct meter_said *ret);

#endif
