// SPDX-License-Identifier: GPL-2.0-only
/*
 * json_now.c - the moment as the live page and scripts ask for it, schema "vigie.now/1" (docs/api.md).
 *
 * Owns: what stands beside a view: the sentence, what is wrong, and how vigie itself is. Not here: the
 * view's own members, which are those of `vigie once` (json_view.h).
 */
#include "export/encode.h"

#include "export/json_view.h"
#include "export/sentence.h"

enum { SENTENCE_MAX = 4096 };

static void now_sentence(struct json *j, const struct view *view, const struct self_view *self)
{
	const char *state;
	struct buf text;

	buf_init(&text, SENTENCE_MAX);
	state = sentence_say(&text, view, self);
	buf_char(&text, '\0');
	json_open(j, "sentence", '{');
	json_text(j, "state", state);
	json_text(j, "text", text.err ? "" : text.data);
	json_close(j, '}');
	buf_done(&text);
}

static void now_findings(struct json *j, const struct self_view *self)
{
	unsigned int i;

	json_open(j, "findings", '[');
	for (i = 0; i < self->nfindings; i++) {
		const struct self_finding *f = &self->findings[i];

		json_line(j);
		json_open(j, NULL, '{');
		json_text(j, "id", f->id);
		json_text(j, "rule", f->rule);
		json_text(j, "severity", severity_name(f->severity));
		json_seconds(j, "since", f->since_wall_ns);
		json_text(j, "message", f->message);
		json_close(j, '}');
	}
	json_close(j, ']');
}

/* Shares of one core. */
static void now_overhead(struct json *j, const struct self_budget *b)
{
	static const char *const parts[] = { SELF_OVERHEAD_TABLE(SELF_LABEL) };
	static const char *const steps[] = { SELF_SHED_TABLE(SELF_LABEL) };
	unsigned int i;

	if (!b->limit_ppb) {
		json_literal(j, "overhead_ratio", "null");
		return;
	}
	json_open(j, "overhead_ratio", '{');
	json_seconds(j, "limit", b->limit_ppb);
	for (i = 0; i < SELF_OVERHEAD_PARTS; i++)
		json_seconds(j, parts[i], b->overhead_ppb[i]);
	json_open(j, "off", '[');
	for (i = 0; i < SELF_SHED_STEPS; i++)
		if (b->shed[i])
			json_text(j, NULL, steps[i]);
	json_close(j, ']');
	json_close(j, '}');
}

static void now_missing(struct json *j, const struct self_view *self)
{
	unsigned int i;

	json_open(j, "missing", '[');
	for (i = 0; i < self->nmissing; i++) {
		json_open(j, NULL, '{');
		json_text(j, "field", self->missing[i].field);
		json_text(j, "reason", self->missing[i].reason);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void now_self(struct json *j, const struct view *view, const struct self_view *self)
{
	__u64 unrecorded = 0;
	unsigned int i;

	for (i = 0; i < WRITER_LOSSES; i++)
		unrecorded += self->writer.entries_lost[i];
	json_open(j, "self", '{');
	json_text(j, "version", self->version);
	json_seconds(j, "cpu_seconds_total", self->cpu_ns);
	json_u64(j, "resident_bytes", self->resident_bytes);
	now_overhead(j, &self->budget);
	json_u64(j, "snapshots", view->stat.snapshots);
	json_u64(j, "snapshots_not_recorded", unrecorded);
	json_u64(j, "log_lines_lost", self->writer.lines_lost);
	json_u64(j, "scrapes", self->scrapes);
	json_u64(j, "scrape_errors", self->scrape_errors);
	json_u64(j, "findings_suppressed", self->findings_suppressed);
	json_bool(j, "recording", self->writer.up);
	now_missing(j, self);
	json_close(j, '}');
}

void now_encode(const struct encode_ctx *ctx)
{
	struct json j = { .out = ctx->out };

	json_open(&j, NULL, '{');
	json_text(&j, "schema", "vigie.now/1");
	now_sentence(&j, ctx->view, ctx->self);
	json_line(&j);
	if (ctx->self) {
		now_findings(&j, ctx->self);
		json_line(&j);
		now_self(&j, ctx->view, ctx->self);
		json_line(&j);
	}
	json_view(&j, ctx->view, ctx->list);
	json_close(&j, '}');
	buf_char(ctx->out, '\n');
}
