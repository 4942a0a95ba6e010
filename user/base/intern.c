// SPDX-License-Identifier: GPL-2.0-only
/* intern.c - owns the table of different texts. */
#include "base/intern.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

void intern_init(struct intern *t, size_t max_bytes)
{
	memset(t, 0, sizeof(*t));
	buf_init(&t->bytes, max_bytes);
	hash_init(&t->hash);
}

void intern_done(struct intern *t)
{
	buf_done(&t->bytes);
	hash_done(&t->hash);
	free(t->begin);
	t->begin = NULL;
	t->n = 0;
	t->room = 0;
}

const char *intern_at(const struct intern *t, uint32_t i)
{
	return i < t->n ? t->bytes.data + t->begin[i] : "";
}

size_t intern_len(const struct intern *t, uint32_t i)
{
	return i < t->n ? t->begin[i + 1] - t->begin[i] - 1 : 0;
}

/* Room for one more, and for the end after it. */
static int intern_reserve(struct intern *t)
{
	int err = array_grow(&t->begin, &t->room, (size_t)t->n + 2, sizeof(*t->begin), HASH_NONE);

	if (err)
		return err;
	t->begin[t->n] = t->bytes.len;
	return hash_reserve(&t->hash, (size_t)t->n + 1);
}

static uint32_t find(const struct intern *t, uint32_t sum, const void *data, size_t len)
{
	uint32_t i, at;

	for (i = hash_first(&t->hash, sum, &at); i != HASH_NONE; i = hash_next(&t->hash, sum, &at))
		if (intern_len(t, i) == len && !memcmp(intern_at(t, i), data, len))
			break;
	return i;
}

bool intern_has(const struct intern *t, const void *data, size_t len)
{
	return find(t, hash_bytes(data, len, 0), data, len) != HASH_NONE;
}

uint32_t intern_bytes(struct intern *t, const void *data, size_t len)
{
	uint32_t sum = hash_bytes(data, len, 0), i;
	int err;

	if (t->bytes.err)
		return 0;
	i = find(t, sum, data, len);
	if (i != HASH_NONE)
		return i;
	err = intern_reserve(t);
	if (err) {
		t->bytes.err = err;
		return 0;
	}
	if (!buf_reserve(&t->bytes, len + 1))
		return 0;
	buf_add(&t->bytes, data, len);
	buf_char(&t->bytes, '\0');
	hash_add(&t->hash, sum, t->n++);
	t->begin[t->n] = t->bytes.len;
	return t->n - 1;
}

uint32_t intern_text(struct intern *t, const char *text)
{
	return intern_bytes(t, text, strlen(text));
}
