/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * landlock.h - files that a process may touch, by directory, for good.
 *
 * Owns: the three system calls, which glibc does not wrap. Needs no privilege, but
 * no_new_privs must be set. Not here: system calls (confine.h).
 */
#ifndef VIGIE_SANDBOX_LANDLOCK_H
#define VIGIE_SANDBOX_LANDLOCK_H

/*
 * From now on files are reached below these directories only (descriptors; negative ones are
 * passed over); descriptors that are open already go on working. 0; -EOPNOTSUPP where the
 * kernel has no Landlock or has it switched off: nothing is restricted then; else -errno.
 */
int landlock_confine(const int *directories, unsigned int n);
/* The same for who only reads there. */
int landlock_confine_reading(const int *directories, unsigned int n);
/* The same for who reads below some and writes below others. */
int landlock_confine_both(const int *reading, unsigned int nreading, const int *writing,
			  unsigned int nwriting);

#endif
