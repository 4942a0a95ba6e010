// SPDX-License-Identifier: GPL-2.0-only
/*
 * influx.c - owns InfluxDB's line protocol.
 *
 * A measurement is what the sample is called on the page, its labels are tags, and its value is the
 * field `value`: a float, for good. The type of a field is fixed by its first point, and a batch
 * with another is refused whole; so no count is sent as an integer, not even those that are always.
 * A histogram is one line with a field for each bound, as Telegraf writes it, beside `count` and
 * `sum`: InfluxQL reckons between the fields of a point and never between series, so that the share
 * of waits above a bound can be asked for; by a tag `le` it could not.
 */
#include <string.h>

#include "push/forms.h"

enum { TAGS_MAX = 66 /* more than a page's labels, and the host */ };

struct tag {
	const char *name, *value;
	bool renamed; /* the page's label of a name that has a meaning here */
};

static bool special(char c)
{
	return c == ',' || c == '=' || c == ' ';
}

/*
 * A backslash before what is escaped, before another or at the end is read in different ways by
 * InfluxDB and VictoriaMetrics, and none can be written at the end. A newline cannot be written.
 */
static bool unwritable(const char *c)
{
	return *c == '\n' || (*c == '\\' && (special(c[1]) || c[1] == '\\' || !c[1]));
}

static void write_tag_text(struct buf *out, const char *text)
{
	bool changed = false;
	const char *c;

	for (c = text; *c; c++) {
		bool bad = unwritable(c);

		changed |= bad;
		if (special(*c))
			buf_char(out, '\\');
		buf_char(out, bad ? '_' : *c);
	}
	if (changed)
		form_hash(out, '~', text);
}

static bool reserved(const char *name)
{
	static const char *const all[] = { "host", "time", "_field", "_measurement" };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(name, all[i]))
			return true;
	return false;
}

/* By name: servers sort what is not, at their cost. An empty tag does not exist here. */
static unsigned int sort_tags(struct tag *tags, const struct push_identity *identity,
			      const struct page_label *labels, unsigned int n)
{
	unsigned int count = 0, i, at;

	if (*identity->host_name)
		tags[count++] = (struct tag){ "host", identity->host_name, false };
	for (i = 0; i < n && count < TAGS_MAX; i++) {
		struct tag tag = { labels[i].name, labels[i].value, reserved(labels[i].name) };

		if (!*tag.value)
			continue;
		for (at = count++; at && strcmp(tags[at - 1].name, tag.name) > 0; at--)
			tags[at] = tags[at - 1];
		tags[at] = tag;
	}
	return count;
}

static void write_tags(struct buf *out, const struct push_identity *identity,
		       const struct page_label *labels, unsigned int n)
{
	struct tag tags[TAGS_MAX];
	unsigned int count = sort_tags(tags, identity, labels, n), i;

	for (i = 0; i < count; i++) {
		buf_char(out, ',');
		if (tags[i].renamed)
			buf_str(out, "exported_");
		buf_str(out, tags[i].name);
		buf_char(out, '=');
		write_tag_text(out, tags[i].value);
	}
}

static void write_key(struct buf *out, const struct push_identity *identity,
		      const struct page *page, const struct page_sample *sample)
{
	bool bucket = sample->part == PAGE_BUCKET;

	if (bucket)
		buf_str(out, page->families[sample->family].name);
	else
		form_name(out, page, sample);
	write_tags(out, identity, page->labels + sample->label, sample->nlabels - bucket);
	buf_char(out, ' ');
}

static void write_field(struct buf *out, const struct page *page, const struct page_sample *sample)
{
	static const char *const names[] = {
		[PAGE_VALUE] = "value", [PAGE_COUNT] = "count", [PAGE_SUM] = "sum"
	};

	if (sample->part == PAGE_BUCKET)
		buf_str(out, page->labels[sample->label + sample->nlabels - 1].value);
	else
		buf_str(out, names[sample->part]);
	buf_char(out, '=');
	buf_str(out, sample->value);
}

int influx_page(struct body *body, const struct push_identity *identity, const struct page *page,
		__u64 time_ns)
{
	struct buf *out = &body->data;
	unsigned int fields = 0;
	size_t i;
	int err = 0;

	for (i = 0; i < page->nsamples && !err; i++) {
		const struct page_sample *sample = &page->samples[i];

		if (!fields) {
			body_begin(body);
			write_key(out, identity, page, sample);
		} else {
			buf_char(out, ',');
		}
		write_field(out, page, sample);
		fields++;
		if (sample->part != PAGE_VALUE && sample->part != PAGE_SUM)
			continue; /* the histogram goes on: page.h */
		buf_printf(out, " %llu\n", (unsigned long long)time_ns);
		err = body_end(body, 1);
		fields = 0;
	}
	return err;
}
