/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * page_cache.h - rendered pages that any number of connections share.
 *
 * Owns: at most one rendering per generation, page, content and encoding, and the count of
 * its readers. A page that is no longer in the cache lives until its last reader is done,
 * so memory is bounded by the few generations that slow readers hold. Not here: sockets.
 */
#ifndef VIGIE_HTTP_PAGE_CACHE_H
#define VIGIE_HTTP_PAGE_CACHE_H

#include "http/http.h"
#include "http/negotiate.h"

struct page {
	unsigned int refs;
	bool gzip;
	struct buf text;
};

struct page_cache {
	__s64 generation;
	struct page *pages[HTTP_PAGES_MAX][HTTP_CONTENTS_MAX][2]; /* [page][content][gzip] */
};

void page_cache_init(struct page_cache *c);
void page_cache_done(struct page_cache *c);
/*
 * A reference to the page of the current view, refreshed and rendered if need be. Where there is no
 * memory for the compressed form it is the plain one: see page->gzip. 0 or -errno.
 */
int page_cache_get(struct page_cache *c, const struct http_callbacks *callbacks, unsigned int page,
		   unsigned int content, bool gzip, struct page **ret);
void page_put(struct page *page); /* accepts NULL */

#endif
