/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * torture.h - what happens when memory runs out, at every single place where it can.
 *
 * Owns: the allocation functions of the program that is linked with it (torture.mk wraps
 * them); libraries' own calls are not seen. While torture is armed, an allocation fails and
 * all live blocks are counted. Not here: what must hold afterwards (torture_*.c).
 */
#ifndef VIGIE_TESTS_TORTURE_H
#define VIGIE_TESTS_TORTURE_H

#include <stddef.h>

enum torture_mode {
	TORTURE_ONE, /* only the k-th allocation fails */
	TORTURE_ALL, /* the k-th and all that follow fail */
};

/* From now on the k-th allocation (from 1) fails; k = 0: none does, but they are counted. */
void torture_arm(unsigned long k, enum torture_mode mode);
/* Ends it. Returns how many allocations there were since. */
unsigned long torture_disarm(void);
/* Did the armed allocation come about? Stays until the next torture_arm(). */
int torture_struck(void);
/* Blocks that were allocated while armed and are not yet freed. */
long torture_live(void);

/*
 * Runs the case with the first, the second, ... allocation failing until none is left to
 * fail, in both modes. The case makes all it needs, arms around the code under test by
 * torture_arm(k, mode) / torture_disarm(), checks what must hold and frees everything; a
 * block left behind fails. Returns how many allocations the case has.
 */
unsigned long torture_each(void (*run)(unsigned long k, enum torture_mode mode));

#endif
