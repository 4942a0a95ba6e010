/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * http_contents.h - two contents and the page /metrics, for tests of user/http alone.
 *
 * Owns: the same types as the daemon serves (daemon/server.c), so that tests speak of real ones.
 */
#ifndef VIGIE_TESTS_HTTP_CONTENTS_H
#define VIGIE_TESTS_HTTP_CONTENTS_H

#include "http/content.h"

enum { OPENMETRICS, TEXT, CONTENTS };

static const struct http_content test_contents[CONTENTS] = {
	[OPENMETRICS] = { "application/openmetrics-text", "1.0.0" },
	[TEXT] = { "text/plain", "0.0.4" },
};
static const struct http_page test_pages[] = {
	{ "/metrics", { OPENMETRICS, TEXT }, 2, HTTP_SCRAPE }
};

#define TEST_CONTENTS \
	.contents = test_contents, .ncontents = CONTENTS, .pages = test_pages, .npages = 1

#endif
