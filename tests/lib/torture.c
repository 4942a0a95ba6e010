// SPDX-License-Identifier: GPL-2.0-only
/*
 * torture.c - the wrapped allocation functions.
 *
 * Owns: the counter and the set of live blocks. A block that was made before arming, or by a
 * library, is passed to free() without a word.
 */
#include "torture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_reallocarray(void *block, size_t n, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);
void __wrap_free(void *block);

enum { BLOCKS_MAX = 1 << 16, ENDLESS = 100000 };

static struct {
	bool armed, struck;
	unsigned long k, count;
	enum torture_mode mode;
	void *blocks[BLOCKS_MAX]; /* open addressing; TOMBSTONE where one was freed */
	long live;
} t;

#define TOMBSTONE ((void *)-1)

static size_t place(const void *block)
{
	return (size_t)(((uintptr_t)block >> 4) * 0x9e3779b97f4a7c15ULL >> 48) % BLOCKS_MAX;
}

static void remember(void *block)
{
	size_t i = place(block);

	if (!block || !t.armed)
		return;
	if (t.live >= BLOCKS_MAX - 1)
		fail_msg("too many live blocks");
	while (t.blocks[i] && t.blocks[i] != TOMBSTONE)
		i = (i + 1) % BLOCKS_MAX;
	t.blocks[i] = block;
	t.live++;
}

static bool forget(const void *block)
{
	size_t i = place(block);

	for (size_t n = 0; block && t.blocks[i] && n < BLOCKS_MAX; n++, i = (i + 1) % BLOCKS_MAX) {
		if (t.blocks[i] == block) {
			t.blocks[i] = TOMBSTONE;
			t.live--;
			return true;
		}
	}
	return false;
}

static bool fails_now(void)
{
	bool fails;

	if (!t.armed)
		return false;
	t.count++;
	fails = t.k && (t.mode == TORTURE_ONE ? t.count == t.k : t.count >= t.k);
	if (fails) {
		t.struck = true;
		errno = ENOMEM;
	}
	return fails;
}

void *__wrap_malloc(size_t size)
{
	void *block = fails_now() ? NULL : __real_malloc(size);

	remember(block);
	return block;
}

void *__wrap_calloc(size_t n, size_t size)
{
	void *block = fails_now() ? NULL : __real_calloc(n, size);

	remember(block);
	return block;
}

void *__wrap_realloc(void *old, size_t size)
{
	bool known;
	void *block;

	if (fails_now())
		return NULL;
	/* Forgotten first: afterwards the old address may be anybody's. */
	known = forget(old);
	block = __real_realloc(old, size);
	if (block && (known || !old))
		remember(block);
	return block;
}

void *__wrap_reallocarray(void *block, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return __wrap_realloc(block, bytes);
}

char *__wrap_strndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *copy = __wrap_malloc(len + 1);

	if (copy) {
		memcpy(copy, s, len);
		copy[len] = '\0';
	}
	return copy;
}

char *__wrap_strdup(const char *s)
{
	return __wrap_strndup(s, strlen(s));
}

void __wrap_free(void *block)
{
	forget(block);
	__real_free(block);
}

void torture_arm(unsigned long k, enum torture_mode mode)
{
	t.armed = true;
	t.struck = false;
	t.k = k;
	t.mode = mode;
	t.count = 0;
}

unsigned long torture_disarm(void)
{
	t.armed = false;
	return t.count;
}

int torture_struck(void)
{
	return t.struck;
}

long torture_live(void)
{
	return t.live;
}

static unsigned long each(void (*run)(unsigned long k, enum torture_mode mode),
			  enum torture_mode mode)
{
	unsigned long k;

	for (k = 1; k < ENDLESS; k++) {
		memset(t.blocks, 0, sizeof(t.blocks));
		t.live = 0;
		t.struck = false;
		run(k, mode);
		if (t.armed)
			fail_msg("the case did not disarm");
		if (t.live)
			fail_msg("allocation %lu failed, mode %d: %ld blocks leaked", k, mode,
				 t.live);
		if (!t.struck)
			return k - 1;
	}
	fail_msg("no end of allocations");
	return 0;
}

unsigned long torture_each(void (*run)(unsigned long k, enum torture_mode mode))
{
	unsigned long one = each(run, TORTURE_ONE), all = each(run, TORTURE_ALL);

	/* A case without allocations tests nothing: the wrapping does not reach it. */
	if (!one || !all)
		fail_msg("no allocation was seen");
	print_message("# %lu allocations failed one by one, %lu with all that follow\n", one, all);
	return one;
}
