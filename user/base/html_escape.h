/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * html_escape.h - text into an HTML document, between tags or in a quoted attribute.
 *
 * Owns: what must not stand there as it is. Not here: what is not printable (text.h).
 */
#ifndef VIGIE_BASE_HTML_ESCAPE_H
#define VIGIE_BASE_HTML_ESCAPE_H

#include "base/buf.h"

void html_escape(struct buf *out, const char *text);

#endif
