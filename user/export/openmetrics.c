// SPDX-License-Identifier: GPL-2.0-only
/*
 * openmetrics.c - the page of metrics, in OpenMetrics 1.0 and in Prometheus text 0.0.4.
 *
 * Owns: the syntax of both dialects and the walk over the table of families. Label values
 * arrive sanitised (valid UTF-8, printable): only quoting is left to do. Not here: which
 * families there are (families.c), what counts are worth (model/).
 */
#include "export/encode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "export/families.h"

/* A label value that says "there is none": an empty one would be no label at all. */
#define NONE "none"

enum {
	PIECE_LEN = 160, /* longest name or label pair that is written once and copied often */
	VALUE_LEN = 32, /* longest value and its line end */
	NAME_LEN = 512, /* sanitised texts that did not come through the view */
};

struct piece {
	char text[PIECE_LEN];
	size_t len;
};

/* The labels of one group, `unit="…",comm="…"`: where they stand in page.labels. */
struct span {
	size_t at, len;
};

struct page {
	struct buf *out;
	const struct view *view;
	const struct self_view *self;
	enum om_dialect dialect;
	struct page_values values;
	struct buf labels; /* of all groups: written once, copied into every sample */
	struct span *spans; /* view->ngroups and the other */
};

static bool classic(const struct page *page)
{
	return page->dialect == OM_TEXT_0_0_4;
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

/* "name_suffix{" or, without any label, "name_suffix ". */
static struct piece head_piece(const struct family *family, const char *suffix, bool labelled)
{
	struct piece piece = { .len = 0 };

	piece_add(&piece, family->name);
	piece_add(&piece, suffix);
	piece_add(&piece, labelled ? "{" : " ");
	return piece;
}

/* What stands between the group's labels and the value: `,name="value"} `, `} ` or nothing. */
static struct piece tail_piece(const char *name, const char *value, bool after_group)
{
	struct piece piece = { .len = 0 };

	if (name) {
		piece_add(&piece, after_group ? "," : "");
		piece_add(&piece, name);
		piece_add(&piece, "=\"");
		piece_add(&piece, value);
		piece_add(&piece, "\"");
	}
	if (name || after_group)
		piece_add(&piece, "} ");
	return piece;
}

/* Everything of a line but its value. One reservation: this is the loop that costs. */
static void begin(struct page *page, const struct piece *head, const struct span *labels,
		  const struct piece *tail)
{
	size_t len = labels ? labels->len : 0;
	char *to = buf_reserve(page->out, head->len + len + tail->len + VALUE_LEN);

	if (!to)
		return;
	memcpy(to, head->text, head->len);
	to += head->len;
	if (len)
		memcpy(to, page->labels.data + labels->at, len);
	memcpy(to + len, tail->text, tail->len);
	page->out->len += head->len + len + tail->len;
}

static void hundredths(struct buf *out, __u64 value)
{
	char digits[3] = { '.', '0' + value / 10 % 10, '0' + value % 10 };

	buf_u64(out, value / 100);
	buf_add(out, digits, sizeof(digits));
}

static void value_line(struct buf *out, enum family_value kind, const void *at)
{
	switch (kind) {
	case FAMILY_SECONDS: buf_seconds(out, *(const __u64 *)at); break;
	case FAMILY_COUNT: buf_u64(out, *(const __u64 *)at); break;
	case FAMILY_COUNT32: buf_u64(out, *(const __u32 *)at); break;
	case FAMILY_HUNDREDTHS: hundredths(out, *(const __u64 *)at); break;
	}
	buf_char(out, '\n');
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

static void label(struct buf *out, const char *separator, const char *name, const char *value)
{
	buf_str(out, separator);
	buf_str(out, name);
	buf_str(out, "=\"");
	label_value(out, value && *value ? value : NONE);
	buf_char(out, '"');
}

/* Texts of other than the view's making go through the sanitiser here. */
static void raw_label(struct buf *out, const char *separator, const char *name, const char *raw)
{
	char text[NAME_LEN];

	text_sanitise(text, sizeof(text), raw ? raw : "", raw ? strlen(raw) : 0);
	label(out, separator, name, text);
}

/* --- Metadata. */

static const char *type_name(const struct page *page, const struct family *family)
{
	switch (family->type) {
	case FAMILY_COUNTER: return "counter";
	case FAMILY_HISTOGRAM: return "histogram";
	case FAMILY_INFO: return classic(page) ? "gauge" : "info";
	case FAMILY_GAUGE: break;
	}
	return "gauge";
}

static void metadata_line(struct page *page, const char *keyword, const struct family *family,
			  const char *text)
{
	buf_str(page->out, keyword);
	buf_str(page->out, family->name);
	/* The classic text names the sample, OpenMetrics the family. */
	if (classic(page))
		buf_str(page->out, family_suffix(family));
	buf_char(page->out, ' ');
	buf_str(page->out, text);
	buf_char(page->out, '\n');
}

static void metadata(struct page *page, const struct family *family)
{
	metadata_line(page, "# TYPE ", family, type_name(page, family));
	if (family->unit && !classic(page))
		metadata_line(page, "# UNIT ", family, family->unit);
	metadata_line(page, "# HELP ", family, family->help);
}

/* --- One function for each shape of family. */

static const struct group_view *group_at(const struct page *page, size_t i)
{
	return i < page->view->ngroups ? &page->view->groups[i] : &page->view->other;
}

static void draw_groups(struct page *page, const struct family *family)
{
	struct piece head = head_piece(family, family_suffix(family), true);
	struct piece tails[FAMILY_CELLS_MAX];
	unsigned int c;
	size_t i;

	metadata(page, family);
	for (c = 0; c < family->ncells; c++)
		tails[c] = tail_piece(family->label, family->cells[c].label, true);
	for (i = 0; i <= page->view->ngroups; i++) {
		const char *base = (const char *)group_at(page, i);

		for (c = 0; c < family->ncells; c++) {
			begin(page, &head, &page->spans[i], &tails[c]);
			value_line(page->out, family->value, base + family->cells[c].offset);
		}
	}
}

static void draw_cells(struct page *page, const struct family *family, const void *base)
{
	struct piece head = head_piece(family, family_suffix(family), family->label);
	unsigned int c;

	metadata(page, family);
	for (c = 0; c < family->ncells; c++) {
		struct piece tail = tail_piece(family->label, family->cells[c].label, false);

		begin(page, &head, NULL, &tail);
		value_line(page->out, family->value, (const char *)base + family->cells[c].offset);
	}
}

static void draw_host(struct page *page, const struct family *family)
{
	draw_cells(page, family, page->view);
}

static void draw_page(struct page *page, const struct family *family)
{
	draw_cells(page, family, &page->values);
}

static void draw_self(struct page *page, const struct family *family)
{
	draw_cells(page, family, page->self);
}

/* The pieces of one histogram's lines: the same for every group. */
struct histogram {
	struct piece bucket, count, sum;
	struct piece le[VIGIE_BUCKETS];
	struct piece end;
};

static void histogram_init(struct histogram *h, const struct family *family, bool grouped)
{
	int i;

	h->bucket = head_piece(family, "_bucket", true);
	h->count = head_piece(family, "_count", grouped);
	h->sum = head_piece(family, "_sum", grouped);
	for (i = 0; i < VIGIE_BUCKETS; i++)
		h->le[i] = tail_piece("le", family_le[i], grouped);
	h->end = tail_piece(NULL, NULL, grouped);
}

static void histogram_draw(struct page *page, const struct histogram *h, const struct span *labels,
			   const __u64 *counts, __u64 sum_ns)
{
	__u64 cumulative = 0;
	int i;

	for (i = 0; i < VIGIE_BUCKETS; i++) {
		cumulative += counts[i];
		begin(page, &h->bucket, labels, &h->le[i]);
		value_line(page->out, FAMILY_COUNT, &cumulative);
	}
	begin(page, &h->count, labels, &h->end);
	value_line(page->out, FAMILY_COUNT, &cumulative);
	begin(page, &h->sum, labels, &h->end);
	value_line(page->out, FAMILY_SECONDS, &sum_ns);
}

static void draw_group_histogram(struct page *page, const struct family *family)
{
	struct histogram h;
	size_t i;

	histogram_init(&h, family, true);
	metadata(page, family);
	for (i = 0; i <= page->view->ngroups; i++) {
		const struct vigie_usage *total = &group_at(page, i)->total;

		histogram_draw(page, &h, &page->spans[i], total->wait_count, total->wait_ns);
	}
}

static void draw_slices(struct page *page, const struct family *family)
{
	const struct vigie_slices *slices = &page->view->slices;
	struct histogram h;

	histogram_init(&h, family, false);
	metadata(page, family);
	histogram_draw(page, &h, NULL, slices->count, slices->sum_ns);
}

static bool grouped_by(const struct view *view, enum group_key key)
{
	unsigned int i;

	for (i = 0; i < view->nkeys; i++)
		if (view->keys[i] == key)
			return true;
	return false;
}

/* Only a process has a start: there is no row for the other. */
static void draw_start_time(struct page *page, const struct family *family)
{
	const struct view *view = page->view;
	struct piece head = head_piece(family, "", true);
	struct piece tail = tail_piece(NULL, NULL, true);
	size_t i;

	if (!grouped_by(view, KEY_PID))
		return;
	metadata(page, family);
	for (i = 0; i < view->ngroups; i++) {
		const struct group_view *group = &view->groups[i];
		__u64 start_ns = view->wall_ns - view->time_ns + group->start_ns;

		if (!group->pid)
			continue;
		begin(page, &head, &page->spans[i], &tail);
		/* Rounded, so that the two clocks' jitter does not show as a new process. */
		hundredths(page->out, (start_ns + 5000000) / 10000000);
		buf_char(page->out, '\n');
	}
}

static void delay_line(struct page *page, const struct family *family, const char *victim,
		       const char *culprit, __u64 wait_ns)
{
	buf_str(page->out, family->name);
	buf_str(page->out, "_total");
	label(page->out, "{", "victim", victim);
	label(page->out, ",", "culprit", culprit);
	buf_str(page->out, "} ");
	value_line(page->out, FAMILY_SECONDS, &wait_ns);
}

/*
 * Joined names can meet: "a/b" and "c" read like "a" and "b/c". Such pairs are neighbours,
 * because delays are sorted by name, and become one series.
 */
static void draw_delays(struct page *page, const struct family *family)
{
	const struct view *view = page->view;
	__u64 other_ns = view->delay_other_ns;
	size_t i = 0;

	metadata(page, family);
	while (i < view->ndelays) {
		const struct delay_view *first = &view->delays[i];
		__u64 wait_ns = 0;

		for (; i < view->ndelays && !strcmp(view->delays[i].victim, first->victim) &&
		       !strcmp(view->delays[i].culprit, first->culprit);
		     i++)
			wait_ns += view->delays[i].wait_ns;
		if (!strcmp(first->victim, GROUP_OTHER) && !strcmp(first->culprit, GROUP_OTHER))
			other_ns += wait_ns;
		else
			delay_line(page, family, first->victim, first->culprit, wait_ns);
	}
	delay_line(page, family, GROUP_OTHER, GROUP_OTHER, other_ns);
}

static void unit_line(struct page *page, const struct family *family, const struct unit_view *unit)
{
	buf_str(page->out, family->name);
	buf_str(page->out, "_info");
	label(page->out, "{", "unit", unit->unit);
	label(page->out, ",", "cgroup", unit->cgroup);
	label(page->out, ",", "container_id", unit->container_id);
	label(page->out, ",", "pod_uid", unit->pod_uid);
	label(page->out, ",", "runtime", unit->runtime);
	buf_str(page->out, "} 1\n");
}

/* The other has a line too, or a join with this family would lose it from sums. */
static void draw_units(struct page *page, const struct family *family)
{
	static const struct unit_view other = { GROUP_OTHER, NONE, NONE, NONE, NONE };
	const struct view *view = page->view;
	bool seen_other = false;
	size_t i;

	if (!grouped_by(view, KEY_UNIT))
		return;
	metadata(page, family);
	for (i = 0; i < view->nunits; i++) {
		seen_other |= !strcmp(view->units[i].unit, GROUP_OTHER);
		unit_line(page, family, &view->units[i]);
	}
	if (!seen_other)
		unit_line(page, family, &other);
}

static bool named_before(const struct collect_stat *stat, unsigned int i)
{
	unsigned int j;

	for (j = 0; j < i; j++)
		if (!strncmp(stat->probes[j].name, stat->probes[i].name,
			     sizeof(stat->probes[i].name)))
			return true;
	return false;
}

/* Two programs may share a name, which the kernel cuts: they share a series then. */
static struct probe_stat probe_sum(const struct collect_stat *stat, unsigned int i)
{
	struct probe_stat sum = stat->probes[i];
	unsigned int j;

	for (j = i + 1; j < stat->nprobes; j++) {
		if (strncmp(stat->probes[j].name, sum.name, sizeof(sum.name)))
			continue;
		sum.runs += stat->probes[j].runs;
		sum.run_ns += stat->probes[j].run_ns;
	}
	return sum;
}

static void draw_probes(struct page *page, const struct family *family)
{
	const struct collect_stat *stat = &page->view->stat;
	unsigned int i;

	if (!stat->run_time_known || !stat->nprobes)
		return;
	metadata(page, family);
	for (i = 0; i < stat->nprobes; i++) {
		struct probe_stat sum = probe_sum(stat, i);
		char name[sizeof(sum.name) + 1] = { 0 };

		if (named_before(stat, i))
			continue;
		memcpy(name, sum.name, sizeof(sum.name));
		buf_str(page->out, family->name);
		buf_str(page->out, "_total");
		raw_label(page->out, "{", "program", name);
		buf_str(page->out, "} ");
		value_line(page->out, family->value,
			   family->shape == FAMILY_PROBE_RUNS ? &sum.runs : &sum.run_ns);
	}
}

static bool missing_before(const struct self_view *self, unsigned int i)
{
	unsigned int j;

	for (j = 0; j < i; j++)
		if (!strcmp(self->missing[j].field, self->missing[i].field) &&
		    !strcmp(self->missing[j].reason, self->missing[i].reason))
			return true;
	return false;
}

static void draw_missing(struct page *page, const struct family *family)
{
	const struct self_view *self = page->self;
	unsigned int i;

	if (!self->nmissing)
		return;
	metadata(page, family);
	for (i = 0; i < self->nmissing; i++) {
		if (missing_before(self, i))
			continue;
		buf_str(page->out, family->name);
		raw_label(page->out, "{", "field", self->missing[i].field);
		raw_label(page->out, ",", "reason", self->missing[i].reason);
		buf_str(page->out, "} 1\n");
	}
}

static void draw_rules(struct page *page, const struct family *family)
{
	const struct self_view *self = page->self;
	unsigned int i;

	if (!self->nrules)
		return;
	metadata(page, family);
	for (i = 0; i < self->nrules; i++) {
		buf_str(page->out, family->name);
		buf_str(page->out, family_suffix(family));
		label(page->out, "{", "rule", self->rules[i].id);
		buf_str(page->out, "} ");
		value_line(page->out, family->value,
			   family->shape == FAMILY_RULE_ACTIVE ? &self->rules[i].active
							       : &self->rules[i].findings);
	}
}

static void draw_build(struct page *page, const struct family *family)
{
	const struct self_view *self = page->self;
	bool revision = self->revision && *self->revision;

	metadata(page, family);
	buf_str(page->out, family->name);
	buf_str(page->out, "_info");
	raw_label(page->out, "{", "version", self->version);
	raw_label(page->out, ",", "revision", revision ? self->revision : NONE);
	buf_str(page->out, "} 1\n");
}

static void (*const draw[FAMILY_SHAPES])(struct page *page, const struct family *family) = {
	[FAMILY_OF_GROUPS] = draw_groups,
	[FAMILY_OF_HOST] = draw_host,
	[FAMILY_OF_PAGE] = draw_page,
	[FAMILY_OF_SELF] = draw_self,
	[FAMILY_GROUP_HISTOGRAM] = draw_group_histogram,
	[FAMILY_START_TIME] = draw_start_time,
	[FAMILY_SLICES] = draw_slices,
	[FAMILY_DELAYS] = draw_delays,
	[FAMILY_UNITS] = draw_units,
	[FAMILY_PROBE_RUNS] = draw_probes,
	[FAMILY_PROBE_SECONDS] = draw_probes,
	[FAMILY_MISSING] = draw_missing,
	[FAMILY_BUILD] = draw_build,
	[FAMILY_RULE_FINDINGS] = draw_rules,
	[FAMILY_RULE_ACTIVE] = draw_rules,
};

/* --- The page. */

static int page_labels(struct page *page)
{
	const struct view *view = page->view;
	struct buf *labels = &page->labels;
	unsigned int k;
	size_t i;

	page->spans = calloc(view->ngroups + 1, sizeof(*page->spans));
	if (!page->spans)
		return -ENOMEM;
	for (i = 0; i <= view->ngroups; i++) {
		page->spans[i].at = labels->len;
		for (k = 0; k < view->nkeys; k++)
			label(labels, k ? "," : "", group_key_name(view->keys[k]),
			      group_at(page, i)->label[k]);
		page->spans[i].len = labels->len - page->spans[i].at;
	}
	return labels->err;
}

void openmetrics_encode(struct buf *out, const struct view *view, const struct self_view *self,
			enum om_dialect dialect)
{
	struct page page = { .out = out, .view = view, .self = self, .dialect = dialect };
	unsigned int i;
	int err;

	buf_init(&page.labels, out->max);
	page_values_init(&page.values, view, self);
	err = page_labels(&page);
	for (i = 0; !err && i < nfamilies; i++)
		if (self || !families[i].self)
			draw[families[i].shape](&page, &families[i]);
	if (err && !out->err)
		out->err = err;
	if (!classic(&page))
		buf_str(out, "# EOF\n");
	free(page.spans);
	buf_done(&page.labels);
}
