/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * array.h - arrays that grow.
 *
 * Owns: how much more room there is each time, and what may overflow. Not here: how many elements
 * are in use, who frees them.
 */
#ifndef VIGIE_BASE_ARRAY_H
#define VIGIE_BASE_ARRAY_H

#include <stddef.h>
#include <stdint.h> /* SIZE_MAX, of an array that has no bound */

/*
 * Room for at least need elements of size bytes in all: *array is a pointer to them, or NULL, with
 * room for *capacity. That doubles, so that adding one after another stays linear, and ends at max
 * elements. What is new is not zeroed. 0, or with nothing changed -ENOSPC: need is above max;
 * -ENOMEM.
 */
int array_grow(void *array, size_t *capacity, size_t need, size_t size, size_t max);
/* The same, and what is new is zeroed. */
int array_grow_zeroed(void *array, size_t *capacity, size_t need, size_t size, size_t max);

#endif
