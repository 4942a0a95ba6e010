// SPDX-License-Identifier: GPL-2.0-only
/*
 * page_cache.c - see page_cache.h.
 *
 * Owns: the life of a page. Does not belong here: headers, sockets, what a page says.
 */
#include "http/page_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/gzip.h"

/* Ten times what 5 000 series with hostile names can fill. */
enum { PAGE_MAX_BYTES = 64 * 1024 * 1024 };

void page_put(struct page *page)
{
	if (!page || --page->refs)
		return;
	buf_done(&page->text);
	free(page);
}

static struct page *page_new(bool gzip)
{
	struct page *page = calloc(1, sizeof(*page));

	if (!page)
		return NULL;
	page->refs = 1;
	page->gzip = gzip;
	buf_init(&page->text, PAGE_MAX_BYTES);
	return page;
}

/* callbacks NULL: all of it; else what may be another one in the next generation. */
static void cache_drop(struct page_cache *c, const struct http_callbacks *callbacks)
{
	for (unsigned int p = 0; p < (callbacks ? callbacks->npages : HTTP_PAGES_MAX); p++) {
		struct page **slot = &c->pages[p][0][0];

		if (callbacks && callbacks->pages[p].kind == HTTP_FILE)
			continue;
		for (size_t i = 0; i < sizeof(c->pages[p]) / sizeof(*slot); i++) {
			page_put(slot[i]);
			slot[i] = NULL;
		}
	}
}

void page_cache_init(struct page_cache *c)
{
	memset(c, 0, sizeof(*c));
}

void page_cache_done(struct page_cache *c)
{
	cache_drop(c, NULL);
}

/* On failure the slot stays empty and the next scrape tries again. */
static int cache_render(struct page *slots[2], const struct http_callbacks *callbacks,
			unsigned int page_index, unsigned int content)
{
	struct page *page = page_new(false);
	int err;

	if (!page)
		return -ENOMEM;
	err = callbacks->render(callbacks->ctx, page_index, content, &page->text);
	if (!err)
		err = page->text.err;
	if (err) {
		page_put(page);
		return err;
	}
	slots[0] = page;
	return 0;
}

static void cache_compress(struct page *slots[2])
{
	struct page *page = page_new(true);

	if (!page)
		return;
	if (gzip_encode(&page->text, slots[0]->text.data, slots[0]->text.len))
		page_put(page);
	else
		slots[1] = page;
}

int page_cache_get(struct page_cache *c, const struct http_callbacks *callbacks, unsigned int page,
		   unsigned int content, bool gzip, struct page **ret)
{
	bool file = callbacks->pages[page].kind == HTTP_FILE;
	__s64 generation = file ? c->generation : callbacks->refresh(callbacks->ctx);
	struct page **slots = c->pages[page][content];
	int err;

	if (generation < 0)
		return (int)generation;
	if (generation != c->generation)
		cache_drop(c, callbacks);
	c->generation = generation;
	if (!slots[0]) {
		err = cache_render(slots, callbacks, page, content);
		if (err)
			return err;
	}
	if (gzip && !slots[1])
		cache_compress(slots);
	*ret = slots[gzip && slots[1]];
	(*ret)->refs++;
	return 0;
}
