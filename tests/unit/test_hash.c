// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_hash.c - the index against a plain array, and the spread of the hash.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"

enum { PLACES = 500, STEPS = 200000 };

static bool holds(const struct hash *h, uint32_t sum, uint32_t place)
{
	uint32_t i, at;

	for (i = hash_first(h, sum, &at); i != HASH_NONE; i = hash_next(h, sum, &at))
		if (i == place)
			return true;
	return false;
}

static unsigned int count(const struct hash *h, uint32_t sum)
{
	uint32_t i, at;
	unsigned int n = 0;

	for (i = hash_first(h, sum, &at); i != HASH_NONE; i = hash_next(h, sum, &at))
		n++;
	return n;
}

/* Few different sums, so that runs are long and wrap around the end of the table. */
static void test_random_operations(void **state)
{
	uint32_t sum_of[PLACES] = { 0 };
	bool present[PLACES] = { 0 };
	struct hash h;
	unsigned int step, i, used = 0;

	(void)state;
	srand(1);
	hash_init(&h);
	assert_int_equal(hash_reserve(&h, PLACES), 0);
	for (step = 0; step < STEPS; step++) {
		uint32_t place = (uint32_t)rand() % PLACES;

		if (present[place]) {
			hash_del(&h, sum_of[place], place);
			used--;
		} else {
			sum_of[place] = rand() % 4 ? (uint32_t)rand() % 8 + 1020 : (uint32_t)rand();
			hash_add(&h, sum_of[place], place);
			used++;
		}
		present[place] = !present[place];
		assert_int_equal(h.used, used);
		if (step % 500)
			continue;
		for (i = 0; i < PLACES; i++)
			assert_int_equal(holds(&h, sum_of[i], i), present[i]);
	}
	hash_done(&h);
}

static void test_growth_keeps_everything(void **state)
{
	struct hash h;
	uint32_t i;

	(void)state;
	hash_init(&h);
	for (i = 0; i < 10000; i++) {
		assert_int_equal(hash_reserve(&h, i + 1), 0);
		hash_add(&h, i * 7 % 3000, i);
	}
	for (i = 0; i < 10000; i++)
		assert_true(holds(&h, i * 7 % 3000, i));
	assert_int_equal(count(&h, 0), 4);
	assert_int_equal(hash_reserve(&h, SIZE_MAX / 4), -7 /* E2BIG */);
	hash_done(&h);
}

static void test_empty_and_move(void **state)
{
	struct hash h;
	uint32_t at;

	(void)state;
	hash_init(&h);
	assert_int_equal(hash_first(&h, 1, &at), HASH_NONE);
	hash_del(&h, 1, 1);
	hash_move(&h, 1, 1, 2);
	assert_int_equal(hash_reserve(&h, 4), 0);
	hash_add(&h, 9, 3);
	hash_move(&h, 9, 3, 5);
	assert_true(holds(&h, 9, 5));
	assert_false(holds(&h, 9, 3));
	hash_done(&h);
}

/* Every bit of the input and of the seed moves about half of the output's bits. */
static void test_avalanche(void **state)
{
	unsigned char key[80];
	size_t len, bit;
	uint64_t base, sum;

	(void)state;
	for (len = 1; len <= sizeof(key); len++) {
		unsigned int moved = 0;

		memset(key, 0x5a, sizeof(key));
		base = hash_bytes(key, len, 42);
		assert_int_not_equal(base, hash_bytes(key, len, 43));
		assert_int_not_equal(base, hash_bytes(key, len - 1, 42));
		for (bit = 0; bit < len * 8; bit++) {
			key[bit / 8] ^= (unsigned char)(1u << bit % 8);
			sum = hash_bytes(key, len, 42) ^ base;
			key[bit / 8] ^= (unsigned char)(1u << bit % 8);
			assert_in_range(__builtin_popcountll(sum), 8, 56);
			moved += (unsigned int)__builtin_popcountll(sum);
		}
		assert_in_range(moved, len * 8 * 26, len * 8 * 38);
	}
}

/* Labels carry cut names' hashes: they must be alike from run to run. */
static void test_unseeded_is_stable(void **state)
{
	(void)state;
	assert_int_equal(hash_bytes("vigie", 5, 0), hash_bytes("vigie", 5, 0));
	assert_int_not_equal(hash_bytes("", 0, 0), hash_bytes("\0", 1, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_operations),
		cmocka_unit_test(test_growth_keeps_everything),
		cmocka_unit_test(test_empty_and_move),
		cmocka_unit_test(test_avalanche),
		cmocka_unit_test(test_unseeded_is_stable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
