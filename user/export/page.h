/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * page.h - rendered pages that any number of connections share.
 *
 * Owns: at most one rendering per generation, dialect and encoding, and the counting of
 * who still reads it. A page that the cache has left lives until its last reader is done,
 * so memory is bounded by the few generations that slow readers hold. Not here: sockets.
 */
#ifndef VIGIE_EXPORT_PAGE_H
#define VIGIE_EXPORT_PAGE_H

#include "export/http.h"
#include "export/negotiate.h"

struct page {
	unsigned int refs;
	bool gzip;
	struct buf text;
};

struct page_cache {
	__s64 generation;
	struct page *pages[NEGOTIATE_DIALECTS][2]; /* [dialect][gzip] */
};

void page_cache_init(struct page_cache *c);
void page_cache_done(struct page_cache *c);
/*
 * A reference to the current page, refreshed and rendered if need be. Where there is no
 * memory for the compressed form it is the plain one: see page->gzip. 0 or -errno.
 */
int page_cache_get(struct page_cache *c, const struct http_callbacks *callbacks,
		   enum om_dialect dialect, bool gzip, struct page **ret);
void page_put(struct page *page); /* accepts NULL */

#endif
