/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nearest.h - which known name was meant by an unknown one, perhaps.
 *
 * Owns: the distance of two names. Not here: which names there are, how one is suggested.
 */
#ifndef VIGIE_BASE_NEAREST_H
#define VIGIE_BASE_NEAREST_H

#include <stddef.h>

enum { NEAREST_LEN = 96 }; /* only so much of a name is compared */

/* Letters to insert, remove or replace until one is the other. */
size_t nearest_distance(const char *a, size_t na, const char *b, size_t nb);

#endif
