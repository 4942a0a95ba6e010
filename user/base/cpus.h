/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cpus.h - sets of CPUs as the kernel writes them: "0-3,8-11".
 *
 * A CPU is its id. How many there are says nothing about the highest: ids have holes on hosts with
 * CPUs that are off, and on some machines from the beginning. Owns: that text.
 */
#ifndef VIGIE_BASE_CPUS_H
#define VIGIE_BASE_CPUS_H

#include <stdbool.h>
#include <stddef.h>

enum { CPUS_MAX = 8192 }; /* the most that a kernel of x86 or arm64 can be built for */

#define CPUS_ONLINE "/sys/devices/system/cpu/online"
#define CPUS_POSSIBLE "/sys/devices/system/cpu/possible"

struct cpus {
	unsigned int n; /* members */
	unsigned int end; /* the highest id and one; 0: none */
	bool has[CPUS_MAX];
};

/* A list with or without its newline; "" is none. 0, -EINVAL: no such list, -ERANGE: an id too high. */
int cpus_parse(const char *text, struct cpus *ret);
int cpus_read(const char *path, struct cpus *ret); /* 0 or -errno */

#endif
