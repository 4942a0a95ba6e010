/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hash.h - a hash of bytes, and an index from hashes to the places of an array.
 *
 * Owns: open addressing. The index holds 32-bit places (array subscripts), never the keys:
 * the caller owns the array, compares keys itself and decides what a place means.
 *
 *	for (i = hash_first(&h, sum, &at); i != HASH_NONE; i = hash_next(&h, sum, &at))
 *		if (key_equal(array[i].key, key))
 *			return &array[i];
 */
#ifndef VIGIE_BASE_HASH_H
#define VIGIE_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_NONE UINT32_MAX

struct hash_cell {
	uint32_t sum;
	uint32_t place1; /* place + 1; 0: free */
};

struct hash {
	struct hash_cell *cells;
	uint32_t mask; /* cells - 1, a power of two less one; 0: nothing allocated */
	uint32_t used;
};

/*
 * Not cryptographic, but keyed: who does not know the seed cannot choose names that collide.
 * A seed of 0 gives sums that are alike in every run.
 */
uint64_t hash_bytes(const void *data, size_t len, uint64_t seed);

void hash_init(struct hash *h);
void hash_done(struct hash *h); /* frees; may be used again */
/* Room for n places in all: later hash_add()s up to n cannot fail. 0 or -ENOMEM, -E2BIG. */
int hash_reserve(struct hash *h, size_t n);
void hash_add(struct hash *h, uint32_t sum, uint32_t place);
void hash_del(struct hash *h, uint32_t sum, uint32_t place);
/* The thing at one place of the array has moved to another. */
void hash_move(struct hash *h, uint32_t sum, uint32_t from, uint32_t to);
/* The places that were added with this sum, one by one, then HASH_NONE. */
uint32_t hash_first(const struct hash *h, uint32_t sum, uint32_t *ret_at);
uint32_t hash_next(const struct hash *h, uint32_t sum, uint32_t *at);

#endif
