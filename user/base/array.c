// SPDX-License-Identifier: GPL-2.0-only
/* array.c - owns the growth of arrays. */
#include "base/array.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST = 64 };

static size_t next_capacity(size_t capacity, size_t need, size_t max)
{
	if (!capacity)
		capacity = FIRST;
	while (capacity < need)
		capacity = capacity > max / 2 ? max : capacity * 2;
	return capacity < max ? capacity : max;
}

int array_grow(void *array, size_t *capacity, size_t need, size_t size, size_t max)
{
	/* No object is larger; a sanitizer's reallocarray() ends the process rather than fail. */
	const size_t possible = PTRDIFF_MAX / size;
	void **elements = array, *grown;
	size_t want;

	if (need <= *capacity)
		return 0;
	if (need > max)
		return -ENOSPC;
	if (need > possible)
		return -ENOMEM;
	want = next_capacity(*capacity, need, max < possible ? max : possible);
	grown = reallocarray(*elements, want, size);
	if (!grown)
		return -ENOMEM;
	*elements = grown;
	*capacity = want;
	return 0;
}

int array_grow_zeroed(void *array, size_t *capacity, size_t need, size_t size, size_t max)
{
	size_t had = *capacity;
	int err = array_grow(array, capacity, need, size, max);

	if (!err && *capacity > had)
		memset(*(char **)array + had * size, 0, (*capacity - had) * size);
	return err;
}
