// SPDX-License-Identifier: GPL-2.0-only
/*
 * delta.c - owns the table of values.
 *
 * A key is 128 bits of two hashes over names, each by a seed of its own: texts of series that come
 * and go would take ten times the memory, and two that meet by chance are not to be expected.
 */
#include "push/delta.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/hash.h"

enum {
	CELLS_MAX = 1 << 18, /* 16 MB */
	FORGET_PAGES = 360, /* an hour at ten seconds */
	KEY_MAX = 1 << 20,
};

struct cell {
	__u64 key[2];
	double value, next;
	__u64 time_ns, next_ns;
	__u32 page; /* when it was last seen */
};

struct delta {
	__u64 seed[2];
	struct cell *cells;
	size_t n, room;
	struct hash index;
	__u32 *pending; /* places of cells whose next is not kept yet */
	size_t npending, nmarked, pending_room;
	struct buf key;
	__u32 page;
};

int delta__new(struct delta **ret)
{
	struct delta *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	if (getrandom(d->seed, sizeof(d->seed), GRND_NONBLOCK) != sizeof(d->seed))
		d->seed[0] = (uintptr_t)d, d->seed[1] = ~d->seed[0];
	hash_init(&d->index);
	buf_init(&d->key, KEY_MAX);
	*ret = d;
	return 0;
}

void delta__free(struct delta *d)
{
	if (!d)
		return;
	hash_done(&d->index);
	buf_done(&d->key);
	free(d->cells);
	free(d->pending);
	free(d);
}

void delta__begin(struct delta *d)
{
	d->page++;
	delta__drop(d);
}

void delta__drop(struct delta *d)
{
	d->npending = d->nmarked = 0;
}

static int make_key(struct delta *d, const struct page *page, const struct page_sample *sample,
		    __u64 key[2])
{
	static const char end = '\0'; /* in no name and no value */
	__u32 i;

	buf_clear(&d->key);
	buf_char(&d->key, '0' + sample->part);
	buf_str(&d->key, page->families[sample->family].name);
	for (i = 0; i < sample->nlabels; i++) {
		buf_char(&d->key, end);
		buf_str(&d->key, page->labels[sample->label + i].name);
		buf_char(&d->key, end);
		buf_str(&d->key, page->labels[sample->label + i].value);
	}
	if (d->key.err)
		return d->key.err == -E2BIG ? -ENOSPC : d->key.err;
	for (i = 0; i < 2; i++)
		key[i] = hash_bytes(d->key.data, d->key.len, d->seed[i]);
	return 0;
}

static struct cell *find(struct delta *d, const __u64 key[2])
{
	__u32 at, i;

	for (i = hash_first(&d->index, key[0], &at); i != HASH_NONE;
	     i = hash_next(&d->index, key[0], &at))
		if (!memcmp(d->cells[i].key, key, sizeof(d->cells[i].key)))
			return &d->cells[i];
	return NULL;
}

static int add(struct delta *d, const __u64 key[2], double value, __u64 time_ns)
{
	int err = array_grow(&d->cells, &d->room, d->n + 1, sizeof(*d->cells), CELLS_MAX);

	if (!err)
		err = hash_reserve(&d->index, d->n + 1);
	if (err)
		return err;
	d->cells[d->n] = (struct cell){
		.key = { key[0], key[1] }, .value = value, .time_ns = time_ns, .page = d->page
	};
	hash_add(&d->index, key[0], d->n++);
	return -ENODATA;
}

int delta__take(struct delta *d, const struct page *page, const struct page_sample *sample,
		__u64 time_ns, double *ret, __u64 *ret_since_ns)
{
	double value = page_number(sample->value);
	struct cell *cell;
	__u64 key[2];
	int err = make_key(d, page, sample, key);

	if (err)
		return err;
	cell = find(d, key);
	if (!cell)
		return add(d, key, value, time_ns);
	cell->page = d->page;
	if (value < cell->value || time_ns <= cell->time_ns) {
		cell->value = value;
		cell->time_ns = time_ns;
		return -ENODATA;
	}
	err = array_grow(&d->pending, &d->pending_room, d->npending + 1, sizeof(*d->pending),
			 PAGE_SAMPLES_MAX);
	if (err)
		return err;
	d->pending[d->npending++] = cell - d->cells;
	cell->next = value;
	cell->next_ns = time_ns;
	*ret = value - cell->value;
	*ret_since_ns = cell->time_ns;
	return 0;
}

void delta__mark(struct delta *d)
{
	d->nmarked = d->npending;
}

void delta__keep(struct delta *d)
{
	size_t i;

	for (i = 0; i < d->nmarked; i++) {
		struct cell *cell = &d->cells[d->pending[i]];

		cell->value = cell->next;
		cell->time_ns = cell->next_ns;
	}
	d->npending -= d->nmarked;
	if (d->npending)
		memmove(d->pending, d->pending + d->nmarked, d->npending * sizeof(*d->pending));
	d->nmarked = 0;
}

void delta__end(struct delta *d)
{
	size_t i = 0;

	while (i < d->n) {
		if (d->page - d->cells[i].page < FORGET_PAGES) {
			i++;
			continue;
		}
		hash_del(&d->index, d->cells[i].key[0], i);
		if (i != --d->n) {
			hash_move(&d->index, d->cells[d->n].key[0], d->n, i);
			d->cells[i] = d->cells[d->n];
		}
	}
}
