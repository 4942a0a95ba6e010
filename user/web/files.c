// SPDX-License-Identifier: GPL-2.0-only
/* files.c - owns the table of the live page's files. */
#include "web/files.h"

#include "gen/live.css.h"
#include "gen/live.js.h"
#include "gen/live.svg.h"

const struct web_file web_files[WEB_FILES] = {
	{ "/live.js", "text/javascript", live_js, sizeof(live_js) },
	{ "/live.css", "text/css", live_css, sizeof(live_css) },
	{ "/live.svg", "image/svg+xml", live_svg, sizeof(live_svg) },
};
