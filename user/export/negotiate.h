/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * negotiate.h - what a client accepts, and what it therefore gets.
 *
 * Owns: the grammar of Accept and Accept-Encoding and the choice between our two dialects.
 * PURE: text in, a choice out. Header lines are fed one by one, so that several lines of
 * the same name count as one list. Not here: where the lines come from (http.c).
 */
#ifndef VIGIE_EXPORT_NEGOTIATE_H
#define VIGIE_EXPORT_NEGOTIATE_H

#include <stdbool.h>
#include <stddef.h>

#include "export/encode.h"

/* How a client wants names beyond [a-zA-Z0-9_:]. Ours have none, so each is true of them. */
enum escaping {
	ESCAPING_NONE, /* not asked: not answered */
	ESCAPING_ALLOW_UTF8,
	ESCAPING_UNDERSCORES,
	ESCAPING_DOTS,
	ESCAPING_VALUES,
};

enum { NEGOTIATE_DIALECTS = OM_TEXT_0_0_4 + 1 };

/* Weights are in thousandths; -1: nothing was said. */
struct negotiation {
	struct {
		int q;
		int specificity;
		enum escaping escaping;
	} dialects[NEGOTIATE_DIALECTS];
	int gzip_q;
	int identity_q;
	int any_encoding_q;
};

struct choice {
	enum om_dialect dialect;
	enum escaping escaping;
	bool gzip;
};

void negotiation_init(struct negotiation *n);
void negotiation_accept(struct negotiation *n, const char *line);
void negotiation_accept_encoding(struct negotiation *n, const char *line);
/* Always answers: where nothing fits, the text format that every scraper reads. */
struct choice negotiation_choose(const struct negotiation *n);

enum { CONTENT_TYPE_MAX = 96 };
void choice_content_type(const struct choice *choice, char dst[CONTENT_TYPE_MAX]);

#endif
