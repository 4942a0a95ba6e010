/* SPDX-License-Identifier: GPL-2.0-only */
/* profile_html.h - a session as one page that needs nothing else: no network, no other file. */
#ifndef VIGIE_EXPORT_PROFILE_HTML_H
#define VIGIE_EXPORT_PROFILE_HTML_H

#include "base/buf.h"
#include "data/profile.h"

/*
 * Readable without JavaScript: still flame graphs and tables; with it: zoom, search, reverse,
 * threads. before not NULL: frames are coloured by what grew and what shrank. The page's policy
 * lets its own script and style run by their hashes, and nothing else; names are data.
 */
void profile_html_encode(struct buf *out, const struct profile *p, const struct profile *before);

#endif
