/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * negotiate.h - which content and encoding a client gets, by what it accepts.
 *
 * Owns: the grammar of Accept and Accept-Encoding and the choice among the
 * contents of a page.
 * PURE: text in, a choice out. Header lines are fed one by one, so that several lines of
 * the same name count as one list. Not here: where the lines come from (http.c).
 */
#ifndef VIGIE_HTTP_NEGOTIATE_H
#define VIGIE_HTTP_NEGOTIATE_H

#include <stdbool.h>
#include <stddef.h>

#include "http/content.h"

/* How a client wants names beyond [a-zA-Z0-9_:]. Ours have none, so each is true of them. */
enum escaping {
	ESCAPING_NONE, /* not asked for: not in the answer */
	ESCAPING_ALLOW_UTF8,
	ESCAPING_UNDERSCORES,
	ESCAPING_DOTS,
	ESCAPING_VALUES,
};

/* Weights are in thousandths; -1: not mentioned by the client. */
struct negotiation {
	const struct http_content *contents; /* borrowed */
	unsigned int ncontents;
	struct {
		int q;
		int specificity;
		enum escaping escaping;
	} wanted[HTTP_CONTENTS_MAX]; /* by content */
	int gzip_q;
	int identity_q;
	int any_encoding_q;
};

struct choice {
	unsigned int content;
	enum escaping escaping;
	bool gzip;
};

/* ncontents at most HTTP_CONTENTS_MAX. */
void negotiation_init(struct negotiation *n, const struct http_content *contents,
		      unsigned int ncontents);
void negotiation_accept(struct negotiation *n, const char *line);
void negotiation_accept_encoding(struct negotiation *n, const char *line);
/* Always answers: where nothing fits, the page's last content. */
struct choice negotiation_choose(const struct negotiation *n, const struct http_page *page);

enum { CONTENT_TYPE_MAX = 96 };
void choice_content_type(const struct choice *choice, const struct http_content *contents,
			 char dst[CONTENT_TYPE_MAX]);

#endif
