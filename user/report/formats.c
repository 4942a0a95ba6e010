// SPDX-License-Identifier: GPL-2.0-only
/* formats.c - owns the table of formats of a session, and which views each shows unasked. */
#include "report/formats.h"

#include <string.h>

enum { ALL_VIEWS = (1U << PROFILE_VIEWS) - 1 };

/* What was asked for, or by itself; never what the session has not recorded. */
static unsigned int wanted_views(const struct report_ctx *ctx)
{
	return (ctx->views ? ctx->views : ALL_VIEWS) & ctx->profile->about.views;
}

static void encode_text(const struct report_ctx *ctx)
{
	profile_text_encode(ctx->out, ctx->profile, ctx->before, ctx->text);
}

static void encode_html(const struct report_ctx *ctx)
{
	profile_html_encode(ctx->out, ctx->profile, ctx->before);
}

/* Its lines do not say of which view they are: unasked there is one. */
static void encode_folded(const struct report_ctx *ctx)
{
	unsigned int view, views = ctx->views ? ctx->views : 1U << PROFILE_CPU;

	for (view = 0; view < PROFILE_VIEWS; view++)
		if (views & 1U << view)
			profile_folded_encode(ctx->out, ctx->profile, view, ctx->before);
}

static void encode_pprof(const struct report_ctx *ctx)
{
	profile_pprof_encode(ctx->out, ctx->profile, wanted_views(ctx));
}

static void encode_speedscope(const struct report_ctx *ctx)
{
	profile_speedscope_encode(ctx->out, ctx->profile, wanted_views(ctx));
}

static void encode_json(const struct report_ctx *ctx)
{
	profile_json_encode(ctx->out, ctx->profile);
}

/* clang-format off */
const struct report_format report_formats[REPORT_FORMATS] = {
	{ "text", encode_text, .compares = true },
	{ "html", encode_html, .compares = true, .all_views = true },
	{ "folded", encode_folded, .compares = true },
	{ "pprof", encode_pprof, .binary = true },
	{ "speedscope", .encode = encode_speedscope },
	{ "json", encode_json, .all_views = true },
};
/* clang-format on */

const struct report_format *report_format_by_name(const char *name)
{
	unsigned int f;

	for (f = 0; f < REPORT_FORMATS; f++)
		if (!strcmp(report_formats[f].name, name))
			return &report_formats[f];
	return NULL;
}

void report_formats_list(struct buf *out, bool comparing)
{
	const char *names[REPORT_FORMATS];
	unsigned int n = 0, f;

	for (f = 0; f < REPORT_FORMATS; f++)
		if (!comparing || report_formats[f].compares)
			names[n++] = report_formats[f].name;
	buf_choices(out, names, n);
}
