// SPDX-License-Identifier: GPL-2.0-only
/*
 * openmetrics.c - the page of metrics, in OpenMetrics 1.0 and in Prometheus text 0.0.4.
 *
 * Owns: the syntax of both dialects. Not here: which samples there are, and in which order
 * (samples.c), what families there are (families.c), what counts are worth (model/).
 */
#include "export/encode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export/samples.h"

enum { PIECE_LEN = 160 /* longest name or label pair that is written once and copied often */ };

struct piece {
	char text[PIECE_LEN];
	size_t len;
	bool made;
};

/* The labels of one group, `unit="…",comm="…"`: where they stand in om.labels. */
struct span {
	size_t at, len;
};

struct om {
	struct buf *out;
	enum om_dialect dialect;
	struct buf labels; /* of all groups: written once, copied into every sample */
	struct span *spans; /* view->ngroups and the other */
	/* Of the family's lines: made at the first that needs it. */
	struct piece heads[SAMPLE_PARTS];
	struct piece tails[SAMPLE_CELLS_MAX];
};

static bool classic(const struct om *om)
{
	return om->dialect == OM_TEXT_0_0_4;
}

/* --- Pieces of a sample line. */

static void piece_add(struct piece *piece, const char *text)
{
	size_t len = strlen(text);

	/* Names come from our own table, which the unit test measures. */
	if (len > sizeof(piece->text) - piece->len)
		len = sizeof(piece->text) - piece->len;
	memcpy(piece->text + piece->len, text, len);
	piece->len += len;
}

static const char *part_suffix(const struct sample *sample)
{
	switch (sample->part) {
	case SAMPLE_BUCKET: return "_bucket";
	case SAMPLE_COUNT: return "_count";
	case SAMPLE_SUM: return "_sum";
	default: return family_suffix(sample->family);
	}
}

/* "name_suffix{" or, without any label, "name_suffix ". */
static const struct piece *head_of(struct om *om, const struct sample *sample)
{
	struct piece *piece = &om->heads[sample->part];

	if (piece->made)
		return piece;
	piece->made = true;
	piece->len = 0;
	piece_add(piece, sample->family->name);
	piece_add(piece, part_suffix(sample));
	piece_add(piece, sample->nlabels ? "{" : " ");
	return piece;
}

/* What stands between the group's labels and the value: `,name="value"} `, `} ` or nothing. */
static const struct piece *tail_of(struct om *om, const struct sample *sample)
{
	struct piece *piece = &om->tails[sample->cell];
	unsigned int i;

	if (piece->made)
		return piece;
	piece->made = true;
	piece->len = 0;
	for (i = sample->ngroup_labels; i < sample->nlabels; i++) {
		piece_add(piece, i ? "," : "");
		piece_add(piece, sample->labels[i].name);
		piece_add(piece, "=\"");
		piece_add(piece, sample->labels[i].value);
		piece_add(piece, "\"");
	}
	if (sample->nlabels)
		piece_add(piece, "} ");
	return piece;
}

/* Labels that are the same in many lines. One reservation: this is the loop that costs. */
static void common_line(struct om *om, const struct sample *sample, const char *value, size_t len)
{
	const struct piece *head = head_of(om, sample), *tail = tail_of(om, sample);
	const struct span *span = sample->ngroup_labels ? &om->spans[sample->group] : NULL;
	size_t span_len = span ? span->len : 0;
	size_t total = head->len + span_len + tail->len + len;
	char *to = buf_reserve(om->out, total);

	if (!to)
		return;
	memcpy(to, head->text, head->len);
	to += head->len;
	if (span_len)
		memcpy(to, om->labels.data + span->at, span_len);
	memcpy(to + span_len, tail->text, tail->len);
	memcpy(to + span_len + tail->len, value, len);
	om->out->len += total;
}

/* A label value as it stands between quotes. Most need no escape: copy runs, not bytes. */
static void label_value(struct buf *out, const char *text)
{
	while (*text) {
		size_t run = strcspn(text, "\\\"\n");

		buf_add(out, text, run);
		text += run;
		if (!*text)
			break;
		buf_char(out, '\\');
		buf_char(out, *text == '\n' ? 'n' : *text);
		text++;
	}
}

static void openmetrics_labels(struct buf *out, const struct sample_label *all, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (i)
			buf_char(out, ',');
		buf_str(out, all[i].name);
		buf_str(out, "=\"");
		label_value(out, all[i].value);
		buf_char(out, '"');
	}
}

/* Labels that no other line has: nothing to keep. */
static void single_line(struct om *om, const struct sample *sample, const char *value, size_t len)
{
	const struct piece *head = head_of(om, sample);

	buf_add(om->out, head->text, head->len);
	openmetrics_labels(om->out, sample->labels, sample->nlabels);
	buf_str(om->out, "} ");
	buf_add(om->out, value, len);
}

static void om_sample(void *to, const struct sample *sample)
{
	char text[BUF_DECIMAL_LEN + 1];
	char *end = text + sizeof(text) - 1;
	const char *value = sample_value_before(sample, end);

	*end++ = '\n';
	if (sample->cell >= 0)
		common_line(to, sample, value, end - value);
	else
		single_line(to, sample, value, end - value);
}

/* --- Metadata. */

static const char *type_name(const struct om *om, const struct family *family)
{
	switch (family->type) {
	case FAMILY_COUNTER: return "counter";
	case FAMILY_HISTOGRAM: return "histogram";
	case FAMILY_INFO: return classic(om) ? "gauge" : "info";
	case FAMILY_GAUGE: break;
	}
	return "gauge";
}

static void metadata_line(struct om *om, const char *keyword, const struct family *family,
			  const char *text)
{
	buf_str(om->out, keyword);
	buf_str(om->out, family->name);
	/* The classic text names the sample, OpenMetrics the family. */
	if (classic(om))
		buf_str(om->out, family_suffix(family));
	buf_char(om->out, ' ');
	buf_str(om->out, text);
	buf_char(om->out, '\n');
}

static void om_family(void *to, const struct family *family)
{
	struct om *om = to;
	int i;

	for (i = 0; i < SAMPLE_PARTS; i++)
		om->heads[i].made = false;
	for (i = 0; i < SAMPLE_CELLS_MAX; i++)
		om->tails[i].made = false;
	metadata_line(om, "# TYPE ", family, type_name(om, family));
	if (family->unit && !classic(om))
		metadata_line(om, "# UNIT ", family, family->unit);
	metadata_line(om, "# HELP ", family, family->help);
}

/* --- The page. */

static int om_group_labels(struct om *om, const struct view *view)
{
	struct sample_label all[SAMPLE_LABELS_MAX];
	size_t i;

	om->spans = calloc(view->ngroups + 1, sizeof(*om->spans));
	if (!om->spans)
		return -ENOMEM;
	for (i = 0; i <= view->ngroups; i++) {
		om->spans[i].at = om->labels.len;
		openmetrics_labels(&om->labels, all, sample_group_labels(view, i, all));
		om->spans[i].len = om->labels.len - om->spans[i].at;
	}
	return om->labels.err;
}

void openmetrics_encode_ctx(const struct encode_ctx *ctx, enum om_dialect dialect)
{
	struct buf *out = ctx->out;
	struct om om = { .out = out, .dialect = dialect };
	const struct sample_visitor visitor = { &om, om_family, om_sample };
	int err;

	buf_init(&om.labels, out->max);
	err = om_group_labels(&om, ctx->view);
	if (!err)
		samples_walk(ctx, &visitor);
	if (err && !out->err)
		out->err = err;
	if (!classic(&om))
		buf_str(out, "# EOF\n");
	free(om.spans);
	buf_done(&om.labels);
}

void openmetrics_encode(struct buf *out, const struct view *view, const struct self_view *self,
			enum om_dialect dialect)
{
	const struct encode_ctx ctx = { .out = out, .view = view, .self = self };

	openmetrics_encode_ctx(&ctx, dialect);
}
