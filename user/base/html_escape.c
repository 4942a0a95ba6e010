// SPDX-License-Identifier: GPL-2.0-only
/* html_escape.c - see html_escape.h. */
#include "base/html_escape.h"

void html_escape(struct buf *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&': buf_str(out, "&amp;"); break;
		case '<': buf_str(out, "&lt;"); break;
		case '>': buf_str(out, "&gt;"); break;
		case '"': buf_str(out, "&quot;"); break;
		case '\'': buf_str(out, "&#39;"); break;
		default: buf_char(out, *text);
		}
	}
}
