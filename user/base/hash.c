// SPDX-License-Identifier: GPL-2.0-only
/*
 * hash.c - linear probing with backward-shift deletion: no tombstones, so that a table which
 * lives for months does not slow down.
 *
 * Owns: the cells. Not here: keys, values, their memory.
 */
#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CELLS_MIN = 16 };
#define CELLS_MAX (UINT32_C(1) << 30)

__extension__ typedef unsigned __int128 u128;

static inline uint64_t fold(uint64_t a, uint64_t b)
{
	u128 product = (u128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_load(const unsigned char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

uint64_t hash_bytes(const void *data, size_t len, uint64_t seed)
{
	/* Odd numbers with about as many ones as zeros: the fractions of roots of primes. */
	const uint64_t k0 = 0x9e3779b97f4a7c15, k1 = 0xbb67ae8584caa73b, k2 = 0x3c6ef372fe94f82b;
	const unsigned char *p = data;
	uint64_t h = fold(seed ^ k0, len ^ k1);
	uint64_t secret = fold(seed ^ k2, k0) ^ k1;

	for (; len >= 16; len -= 16, p += 16)
		h = fold(hash_load(p) ^ secret, hash_load(p + 8) ^ h);
	if (len) {
		unsigned char tail[16] = { 0 };

		memcpy(tail, p, len);
		h = fold(hash_load(tail) ^ secret, hash_load(tail + 8) ^ h);
	}
	return fold(h ^ k2, k0 ^ secret);
}

void hash_init(struct hash *h)
{
	*h = (struct hash){ 0 };
}

void hash_done(struct hash *h)
{
	free(h->cells);
	hash_init(h);
}

static void hash_put(struct hash_cell *cells, uint32_t mask, struct hash_cell cell)
{
	uint32_t at = cell.sum & mask;

	while (cells[at].place1)
		at = (at + 1) & mask;
	cells[at] = cell;
}

int hash_reserve(struct hash *h, size_t n)
{
	uint32_t ncells = h->cells ? h->mask + 1 : CELLS_MIN;
	struct hash_cell *cells;
	uint32_t i;

	if (n > CELLS_MAX / 2)
		return -E2BIG;
	/* At most half full: a miss then costs two or three cells of one cache line. */
	while (ncells < 2 * n)
		ncells *= 2;
	if (h->cells && ncells == h->mask + 1)
		return 0;
	cells = calloc(ncells, sizeof(*cells));
	if (!cells)
		return -ENOMEM;
	for (i = 0; h->cells && i <= h->mask; i++)
		if (h->cells[i].place1)
			hash_put(cells, ncells - 1, h->cells[i]);
	free(h->cells);
	h->cells = cells;
	h->mask = ncells - 1;
	return 0;
}

void hash_add(struct hash *h, uint32_t sum, uint32_t place)
{
	hash_put(h->cells, h->mask, (struct hash_cell){ .sum = sum, .place1 = place + 1 });
	h->used++;
}

static struct hash_cell *hash_find(struct hash *h, uint32_t sum, uint32_t place)
{
	uint32_t at = sum & h->mask;

	if (!h->cells)
		return NULL;
	for (; h->cells[at].place1; at = (at + 1) & h->mask)
		if (h->cells[at].sum == sum && h->cells[at].place1 == place + 1)
			return &h->cells[at];
	return NULL;
}

void hash_del(struct hash *h, uint32_t sum, uint32_t place)
{
	struct hash_cell *cell = hash_find(h, sum, place);
	uint32_t hole, at;

	if (!cell)
		return;
	hole = (uint32_t)(cell - h->cells);
	/* Pull back every later cell of the run that may stand in the hole. */
	for (at = (hole + 1) & h->mask; h->cells[at].place1; at = (at + 1) & h->mask) {
		uint32_t home = h->cells[at].sum & h->mask;

		if (((at - home) & h->mask) < ((at - hole) & h->mask))
			continue;
		h->cells[hole] = h->cells[at];
		hole = at;
	}
	h->cells[hole] = (struct hash_cell){ 0 };
	h->used--;
}

void hash_move(struct hash *h, uint32_t sum, uint32_t from, uint32_t to)
{
	struct hash_cell *cell = hash_find(h, sum, from);

	if (cell)
		cell->place1 = to + 1;
}

static uint32_t hash_scan(const struct hash *h, uint32_t sum, uint32_t *at)
{
	for (; h->cells[*at].place1; *at = (*at + 1) & h->mask)
		if (h->cells[*at].sum == sum)
			return h->cells[*at].place1 - 1;
	return HASH_NONE;
}

uint32_t hash_first(const struct hash *h, uint32_t sum, uint32_t *ret_at)
{
	if (!h->cells)
		return HASH_NONE;
	*ret_at = sum & h->mask;
	return hash_scan(h, sum, ret_at);
}

uint32_t hash_next(const struct hash *h, uint32_t sum, uint32_t *at)
{
	*at = (*at + 1) & h->mask;
	return hash_scan(h, sum, at);
}
