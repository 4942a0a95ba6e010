// SPDX-License-Identifier: GPL-2.0-only
/*
 * page.c - see page.h.
 *
 * Owns: the life of a page. Does not belong here: headers, sockets, what a page says.
 */
#include "export/page.h"

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

static void cache_drop(struct page_cache *c)
{
	for (int i = 0; i < NEGOTIATE_DIALECTS; i++) {
		for (int gzip = 0; gzip < 2; gzip++) {
			page_put(c->pages[i][gzip]);
			c->pages[i][gzip] = NULL;
		}
	}
}

void page_cache_init(struct page_cache *c)
{
	memset(c, 0, sizeof(*c));
}

void page_cache_done(struct page_cache *c)
{
	cache_drop(c);
}

/* On failure the slot stays empty and the next scrape tries again. */
static int cache_render(struct page_cache *c, const struct http_callbacks *callbacks,
			enum om_dialect dialect)
{
	struct page *page = page_new(false);
	int err;

	if (!page)
		return -ENOMEM;
	err = callbacks->render(callbacks->ctx, dialect, &page->text);
	if (!err)
		err = page->text.err;
	if (err) {
		page_put(page);
		return err;
	}
	c->pages[dialect][0] = page;
	return 0;
}

static void cache_compress(struct page_cache *c, enum om_dialect dialect)
{
	const struct page *plain = c->pages[dialect][0];
	struct page *page = page_new(true);

	if (!page)
		return;
	if (gzip_encode(&page->text, plain->text.data, plain->text.len))
		page_put(page);
	else
		c->pages[dialect][1] = page;
}

int page_cache_get(struct page_cache *c, const struct http_callbacks *callbacks,
		   enum om_dialect dialect, bool gzip, struct page **ret)
{
	__s64 generation = callbacks->refresh(callbacks->ctx);
	struct page *page;
	int err;

	if (generation < 0)
		return (int)generation;
	if (generation != c->generation)
		cache_drop(c);
	c->generation = generation;
	if (!c->pages[dialect][0]) {
		err = cache_render(c, callbacks, dialect);
		if (err)
			return err;
	}
	if (gzip && !c->pages[dialect][1])
		cache_compress(c, dialect);
	page = gzip && c->pages[dialect][1] ? c->pages[dialect][1] : c->pages[dialect][0];
	page->refs++;
	*ret = page;
	return 0;
}
