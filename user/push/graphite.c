// SPDX-License-Identifier: GPL-2.0-only
/*
 * graphite.c - owns Graphite's plaintext: PREFIX.HOST.SAMPLE.LABEL.LABEL VALUE SECONDS.
 *
 * A path is a file over there, of fixed size and never removed. So: no buckets, no info, nothing by
 * pid, and of new paths no more than series_max in all. What a component cannot hold becomes "_",
 * as carbon drops a line with a blank, takes "/" for a folder and ";" for tags, all in silence.
 * Names that are alike but for dots share a path, and their values are summed: two values of one
 * path at one time would be one value, the last.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/intern.h"
#include "base/units.h"
#include "push/forms.h"

enum {
	COMPONENT_MAX = 100, /* bytes: a file's name has at most 255 */
	PATHS_BYTES_MAX = 64 << 20,
	PATHS_MAX = 1 << 20, /* where there is no series_max */
};

struct cell {
	const char *value; /* as it stands on the page, if it is the only one */
	double sum;
	unsigned int n; /* of this page's samples */
};

struct graphite {
	char *prefix; /* cleaned, with the host */
	size_t series_max;
	struct intern paths; /* all that were ever used */
	struct cell *cells; /* by path */
	size_t room;
	struct buf path;
};

static void add_component(struct buf *out, const char *text)
{
	bool changed = !*text;
	size_t i;

	for (i = 0; text[i] && i < COMPONENT_MAX; i++) {
		bool good = isalnum((unsigned char)text[i]) || text[i] == '_' || text[i] == '-';

		changed |= !good && text[i] != '.';
		buf_char(out, good ? text[i] : '_');
	}
	if (changed || text[i])
		form_hash(out, '-', text);
}

/* What its user wrote has dots that mean folders. */
static void add_prefix(struct buf *out, const char *prefix)
{
	for (; *prefix; prefix++) {
		bool good = isalnum((unsigned char)*prefix) || strchr("_-", *prefix);
		bool dot = *prefix == '.' && out->len && out->data[out->len - 1] != '.';

		if (good || dot)
			buf_char(out, *prefix);
		else if (*prefix != '.')
			buf_char(out, '_');
	}
	if (out->len && out->data[out->len - 1] != '.')
		buf_char(out, '.');
}

int graphite__new(const struct push_encoder_config *config, struct graphite **ret)
{
	struct graphite *g = calloc(1, sizeof(*g));

	if (!g)
		return -ENOMEM;
	g->series_max = config->series_max ? config->series_max : PATHS_MAX;
	intern_init(&g->paths, PATHS_BYTES_MAX);
	buf_init(&g->path, 1 << 16);
	add_prefix(&g->path, config->prefix ? config->prefix : "");
	add_component(&g->path, config->identity.host_name);
	buf_char(&g->path, '\0');
	g->prefix = g->path.err ? NULL : strdup(g->path.data);
	if (!g->prefix) {
		graphite__free(g);
		return -ENOMEM;
	}
	*ret = g;
	return 0;
}

void graphite__free(struct graphite *g)
{
	if (!g)
		return;
	intern_done(&g->paths);
	buf_done(&g->path);
	free(g->cells);
	free(g->prefix);
	free(g);
}

static bool wanted(const struct page *page, const struct page_sample *sample)
{
	return sample->part != PAGE_BUCKET && page->families[sample->family].type != PAGE_INFO;
}

/* A process's own number is never seen again: files without end. */
static bool by_pid(const struct page *page, const struct page_sample *sample)
{
	__u32 i;

	for (i = 0; i < sample->nlabels; i++)
		if (!strcmp(page->labels[sample->label + i].name, "pid"))
			return true;
	return false;
}

static void make_path(struct graphite *g, const struct page *page, const struct page_sample *sample)
{
	__u32 i;

	buf_clear(&g->path);
	buf_str(&g->path, g->prefix);
	buf_char(&g->path, '.');
	form_name(&g->path, page, sample);
	for (i = 0; i < sample->nlabels; i++) {
		buf_char(&g->path, '.');
		add_component(&g->path, page->labels[sample->label + i].value);
	}
}

/* Looked for before it is added: a path that may not come to be takes no place. */
static bool may_use(const struct graphite *g)
{
	return (g->paths.n < g->series_max && g->paths.bytes.len + g->path.len < PATHS_BYTES_MAX) ||
	       intern_has(&g->paths, g->path.data, g->path.len);
}

static int add_value(struct graphite *g, const char *value, __u64 *skipped)
{
	__u32 i;
	int err;

	if (g->path.err == -E2BIG || (!g->path.err && !may_use(g))) {
		++*skipped;
		return 0;
	}
	if (g->path.err)
		return g->path.err;
	err = array_grow_zeroed(&g->cells, &g->room, (size_t)g->paths.n + 1, sizeof(*g->cells),
				SIZE_MAX);
	if (err)
		return err;
	i = intern_bytes(&g->paths, g->path.data, g->path.len);
	err = g->paths.bytes.err;
	g->paths.bytes.err = 0; /* the next page may have more luck */
	if (err)
		return err;
	g->cells[i].value = value;
	g->cells[i].sum += page_number(value);
	g->cells[i].n++;
	return 0;
}

static int write_lines(struct graphite *g, struct body *body, __u64 time_ns)
{
	__u32 i;
	int err = 0;

	for (i = 0; i < g->paths.n && !err; i++) {
		struct cell *cell = &g->cells[i];

		if (!cell->n)
			continue;
		body_begin(body);
		buf_str(&body->data, intern_at(&g->paths, i));
		if (cell->n == 1)
			buf_printf(&body->data, " %s", cell->value);
		else
			buf_printf(&body->data, " %.17g", cell->sum);
		buf_printf(&body->data, " %llu\n", (unsigned long long)(time_ns / NS_PER_S));
		err = body_end(body, 1);
	}
	return err;
}

int graphite__page(struct graphite *g, struct body *body, const struct page *page, __u64 time_ns)
{
	size_t i;
	int err = 0;

	if (g->room)
		memset(g->cells, 0, g->room * sizeof(*g->cells));
	for (i = 0; i < page->nsamples && !err; i++) {
		const struct page_sample *sample = &page->samples[i];

		if (!wanted(page, sample))
			continue;
		if (by_pid(page, sample)) {
			body->skipped++;
			continue;
		}
		make_path(g, page, sample);
		err = add_value(g, sample->value, &body->skipped);
	}
	return err ? err : write_lines(g, body, time_ns);
}
