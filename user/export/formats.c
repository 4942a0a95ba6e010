// SPDX-License-Identifier: GPL-2.0-only
/* formats.c - owns the table of formats, and how its names are listed in a sentence. */
#include "export/formats.h"

#include <string.h>

static void encode_table(const struct encode_ctx *ctx)
{
	table_encode(ctx->out, ctx->view, ctx->list);
}

static void encode_json(const struct encode_ctx *ctx)
{
	json_encode(ctx->out, ctx->view, ctx->list);
}

static void encode_csv(const struct encode_ctx *ctx)
{
	csv_encode(ctx->out, ctx->view, ctx->list);
}

static void encode_openmetrics(const struct encode_ctx *ctx)
{
	openmetrics_encode_ctx(ctx, OM_OPENMETRICS_1_0);
}

static void encode_prometheus(const struct encode_ctx *ctx)
{
	openmetrics_encode_ctx(ctx, OM_TEXT_0_0_4);
}

/* clang-format off */
const struct view_encoder view_formats[VIEW_FORMATS] = {
	[VIEW_TABLE] = { "table", NULL, NULL, encode_table, .selectable = true },
	[VIEW_JSON] = { "json", "application/json", NULL, encode_json, .selectable = true },
	[VIEW_OPENMETRICS] = { "openmetrics", "application/openmetrics-text", "1.0.0",
			       encode_openmetrics, .selectable = true },
	[VIEW_CSV] = { "csv", "text/csv", NULL, encode_csv, .selectable = true },
	[VIEW_PROMETHEUS] = { "prometheus", "text/plain", "0.0.4", encode_prometheus },
	[VIEW_INDEX] = { "index", "text/html", NULL, index_encode },
	[VIEW_NOW] = { "now", "application/json", NULL, now_encode },
};
/* clang-format on */

enum view_format view_format_by_name(const char *name)
{
	enum view_format f;

	for (f = 0; f < VIEW_FORMATS; f++)
		if (view_formats[f].selectable && !strcmp(view_formats[f].name, name))
			break;
	return f;
}

void view_formats_list(struct buf *out, const char *another)
{
	const char *names[VIEW_FORMATS + 1];
	unsigned int n = 0, f;

	for (f = 0; f < VIEW_FORMATS; f++)
		if (view_formats[f].selectable)
			names[n++] = view_formats[f].name;
	if (another)
		names[n++] = another;
	buf_choices(out, names, n);
}
