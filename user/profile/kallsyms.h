/* SPDX-License-Identifier: GPL-2.0-only */
/* kallsyms.h - the kernel's own addresses to names, from /proc/kallsyms, for those asked for. */
#ifndef VIGIE_PROFILE_KALLSYMS_H
#define VIGIE_PROFILE_KALLSYMS_H

#include <stddef.h>
#include <vigie/abi_profile.h>

enum { KALLSYMS_NAME = 96 };

struct kallsym {
	__u64 address; /* asked for; the array is sorted by it */
	__u64 start; /* of the function that was found; 0: none */
	char name[KALLSYMS_NAME];
};

/*
 * Names all of them in one pass over the file, which takes some 100 ms however many they are:
 * 200 000 lines, and no memory but this array. 0 or -errno; -EPERM where addresses are hidden.
 */
int kallsyms_name(struct kallsym *wanted, size_t n);

/*
 * A unit that has neither CAP_SYSLOG nor /proc/kallsyms may have the file as its standard input
 * (StandardInput=file:/proc/kallsyms): whoever opened it was allowed to, and that counts. Taken away
 * from there, for addresses of the kernel are nothing that other processes of ours should be able
 * to read; to be called before any of them is forked. The descriptor, or -1: it is not there.
 */
int kallsyms_take(void);
/* In all processes but the one that looks inside programs. */
void kallsyms_drop(void);

#endif
