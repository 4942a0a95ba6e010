// SPDX-License-Identifier: GPL-2.0-only
/*
 * otlp.c - owns OTLP's messages of metrics, version 1.11, and the requests of both.
 *
 * Metrics are gathered in a body as ScopeMetrics has them; resource and scope are put around when it
 * is passed on. All values are doubles: a metric that was an integer once and is none later would be
 * two. Gauges stay gauges and what may fall stays cumulative whichever temporality is asked for.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/proto_writer.h"
#include "base/units.h"
#include "push/delta.h"
#include "push/forms.h"
#include "push/otlp_logs.h"
#include "push/otlp_names.h"

enum {
	ROOM = 1 << 20,
	AROUND = 64, /* keys and lengths of the messages around metrics and points, at most */
	BUCKETS_MAX = 64,
};
enum temporality { DELTA = 1, CUMULATIVE = 2 };
enum { POINT_ATTRIBUTES = 7, HISTOGRAM_ATTRIBUTES = 9 };

struct otlp {
	struct delta *delta; /* NULL: cumulative */
	struct body body; /* of metrics */
	push_body_fn fn; /* where whole requests go */
	void *ctx;
	struct buf resource, scope; /* the same in each */
	struct buf metric, points, point, attribute, value, data; /* under construction */
	struct buf name; /* of the metric whose points these are */
	unsigned int npoints;
	const struct page_family *family; /* of the page: the first of the metric */
	const struct otlp_twin *twin;
	__u64 time_ns, start_ns, boot_ns;
	/* A histogram under way. */
	double bounds[BUCKETS_MAX];
	uint64_t counts[BUCKETS_MAX]; /* each for itself */
	__u64 below; /* the bucket's before, cumulative */
	unsigned int nbuckets;
	bool whole; /* all its parts have a difference */
	__u64 since_ns;
};

static bool sum_like(const struct otlp *o)
{
	return o->family->type == PAGE_COUNTER || (o->twin && o->twin->updown);
}

/* --- Attributes. */

static void add_attribute(struct buf *out, __u32 field, struct buf *value, struct buf *attribute,
			  const char *name)
{
	proto_text(attribute, 1, name);
	proto_message(attribute, 2, value);
	proto_message(out, field, attribute);
}

static void add_string(struct buf *out, __u32 field, struct buf *value, struct buf *attribute,
		       const char *name, const char *text)
{
	proto_bytes_always(value, 1, text, strlen(text));
	add_attribute(out, field, value, attribute, name);
}

/* A process's number is one by the conventions; the group of all the others has none. */
static bool add_pid(struct otlp *o, const struct page_label *label, __u32 field)
{
	uint64_t pid;

	if (strcmp(label->name, "pid") != 0 || parse_u64(label->value, 1, INT32_MAX, &pid))
		return false;
	proto_varint_always(&o->value, 3, pid);
	add_attribute(&o->point, field, &o->value, &o->attribute, "process.pid");
	return true;
}

static void add_label(struct otlp *o, const struct page_label *label, __u32 field)
{
	char *end;

	if (add_pid(o, label, field))
		return;
	buf_clear(&o->data);
	otlp_attribute_name(&o->data, o->twin, label->name);
	end = buf_reserve(&o->data, 1);
	if (!end) {
		o->point.err = o->data.err;
		return;
	}
	*end = '\0';
	add_string(&o->point, field, &o->value, &o->attribute, o->data.data, label->value);
}

static void add_attributes(struct otlp *o, const struct page_label *labels, __u32 n, __u32 field)
{
	__u32 i;

	if (o->twin && o->twin->own_attribute)
		add_string(&o->point, field, &o->value, &o->attribute, o->twin->own_attribute,
			   o->twin->own_value);
	for (i = 0; i < n; i++)
		add_label(o, &labels[i], field);
}

static void make_resource(struct otlp *o, const struct push_identity *id)
{
	const char *const all[][2] = {
		{ "service.name", "vigie" },
		{ "service.version", id->version },
		{ "service.instance.id", id->instance_id },
		{ "host.name", id->host_name },
		{ "host.id", id->host_id },
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i][1] && *all[i][1])
			add_string(&o->resource, 1, &o->value, &o->attribute, all[i][0], all[i][1]);
	proto_text(&o->scope, 1, "vigie");
	proto_text(&o->scope, 2, id->version);
}

/* --- Requests. */

/* Metrics that a body has gathered, with all that stands around them. */
static int pass_request(void *ctx, const void *data, size_t len, unsigned int points)
{
	struct otlp *o = ctx;
	struct buf *scope = &o->metric, *resource = &o->data;
	int err;

	buf_clear(scope);
	buf_clear(resource);
	proto_bytes_always(scope, 1, o->scope.data, o->scope.len);
	buf_add(scope, data, len);
	proto_text(scope, 3, OTLP_SCHEMA_URL);
	proto_bytes_always(resource, 1, o->resource.data, o->resource.len);
	proto_message(resource, 2, scope);
	proto_text(resource, 3, OTLP_SCHEMA_URL);
	proto_message(scope, 1, resource);
	err = scope->err ? scope->err : o->fn(o->ctx, scope->data, scope->len, points);
	if (!err && o->delta)
		delta__keep(o->delta);
	buf_clear(scope);
	return err;
}

static void make_data(struct otlp *o)
{
	bool histogram = o->family->type == PAGE_HISTOGRAM;
	bool counts = histogram || o->family->type == PAGE_COUNTER;

	buf_clear(&o->data);
	buf_add(&o->data, o->points.data, o->points.len);
	if (histogram || sum_like(o))
		proto_u64(&o->data, 2, counts && o->delta ? DELTA : CUMULATIVE);
	if (o->family->type == PAGE_COUNTER)
		proto_u64(&o->data, 3, true);
}

/* The points that are gathered become a metric of the body. */
static int end_metric(struct otlp *o)
{
	unsigned int points = o->npoints;

	if (!points)
		return 0;
	make_data(o);
	buf_clear(&o->metric);
	proto_bytes_always(&o->metric, 1, o->name.data, o->name.len);
	if (!o->twin) /* the conventions say what those are */
		proto_text(&o->metric, 2, o->family->help);
	proto_text(&o->metric, 3, otlp_unit(o->family));
	proto_message(&o->metric,
		      o->family->type == PAGE_HISTOGRAM ? 9
		      : sum_like(o)			? 7
							: 5,
		      &o->data);
	body_begin(&o->body);
	proto_message(&o->body.data, 2, &o->metric);
	buf_clear(&o->points);
	o->npoints = 0;
	return body_end(&o->body, points);
}

/* A point that leaves the body too large begins the next one. */
static int end_point(struct otlp *o)
{
	size_t len = o->point.len + o->points.len + o->name.len + strlen(o->family->help) + AROUND;
	int err = 0;

	if (o->point.err)
		return o->point.err;
	if (o->body.data.len + len > o->body.max) {
		err = end_metric(o);
		if (!err)
			err = body_close(&o->body);
	}
	if (err)
		return err;
	proto_message(&o->points, 1, &o->point);
	o->npoints++;
	if (o->delta)
		delta__mark(o->delta);
	return o->points.err;
}

/* --- Points. */

static bool starts_with(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/*
 * Since when a family's counters count; 0: not known. The host's are the kernel's, but for what vigie
 * adds up; a unit's began with its cgroup.
 */
static __u64 counts_since(const struct otlp *o)
{
	const char *name = o->family->name;

	if (starts_with(name, "vigie_host_") && strcmp(name, "vigie_host_cpu_seconds") != 0)
		return o->boot_ns;
	return starts_with(name, "vigie_unit_") ? 0 : o->start_ns;
}

/* 0 with *ret_skip: there is no difference that would be true. */
static int take_delta(struct otlp *o, const struct page *page, const struct page_sample *sample,
		      double *value, __u64 *since_ns, bool *ret_skip)
{
	int err = delta__take(o->delta, page, sample, o->time_ns, value, since_ns);

	*ret_skip = err;
	if (err == -ENOSPC)
		o->body.skipped++;
	return err == -ENOSPC || err == -ENODATA ? 0 : err;
}

static int number_point(struct otlp *o, const struct page *page, const struct page_sample *sample)
{
	double value = page_number(sample->value);
	__u64 since_ns = counts_since(o);
	bool skip = false;
	int err = 0;

	if (o->delta && o->family->type == PAGE_COUNTER)
		err = take_delta(o, page, sample, &value, &since_ns, &skip);
	if (err || skip)
		return err;
	buf_clear(&o->point);
	if (o->family->type == PAGE_COUNTER && since_ns)
		proto_fixed64_always(&o->point, 2, since_ns);
	proto_fixed64_always(&o->point, 3, o->time_ns);
	proto_double_always(&o->point, 4, value);
	add_attributes(o, page->labels + sample->label, sample->nlabels, POINT_ATTRIBUTES);
	return end_point(o);
}

static int take_bucket(struct otlp *o, const struct page *page, const struct page_sample *sample)
{
	const struct page_label *le = &page->labels[sample->label + sample->nlabels - 1];
	double value = page_number(sample->value);
	bool skip = false;
	int err = 0;

	if (o->nbuckets == BUCKETS_MAX)
		return -E2BIG;
	if (!o->nbuckets) {
		o->below = 0;
		o->whole = true;
		o->since_ns = counts_since(o);
	}
	if (o->delta)
		err = take_delta(o, page, sample, &value, &o->since_ns, &skip);
	o->whole &= !skip;
	if (strcmp(le->value, "+Inf") != 0)
		o->bounds[o->nbuckets] = page_number(le->value);
	/* A bucket that grew by less than the one in it did: it was not of the same waits. */
	o->whole &= value >= (double)o->below;
	if (o->whole)
		o->counts[o->nbuckets] = (__u64)value - o->below;
	o->below = o->whole ? (__u64)value : 0;
	o->nbuckets++;
	return err;
}

static int end_histogram(struct otlp *o, const struct page *page, const struct page_sample *sum)
{
	unsigned int n = o->nbuckets;
	double value = page_number(sum->value);
	bool skip = false;
	int err = 0;

	o->nbuckets = 0;
	if (o->delta)
		err = take_delta(o, page, sum, &value, &o->since_ns, &skip);
	if (err || skip || !o->whole)
		return err;
	buf_clear(&o->point);
	if (o->since_ns)
		proto_fixed64_always(&o->point, 2, o->since_ns);
	proto_fixed64_always(&o->point, 3, o->time_ns);
	proto_fixed64_always(&o->point, 4, o->below);
	proto_double_always(&o->point, 5, value);
	proto_packed_fixed64(&o->point, 6, o->counts, n);
	proto_packed_double(&o->point, 7, o->bounds, n - 1);
	add_attributes(o, page->labels + sum->label, sum->nlabels, HISTOGRAM_ATTRIBUTES);
	return end_point(o);
}

static int add_sample(struct otlp *o, const struct page *page, const struct page_sample *sample)
{
	switch (sample->part) {
	case PAGE_BUCKET: return take_bucket(o, page, sample);
	case PAGE_COUNT: return 0; /* the last bucket's */
	case PAGE_SUM: return end_histogram(o, page, sample);
	default: return number_point(o, page, sample);
	}
}

/* --- Pages. */

/* Two families may be one metric, of different attributes: they follow each other. */
static int begin_family(struct otlp *o, const struct page_family *family)
{
	struct buf *name = &o->value; /* free between points */
	int err;

	buf_clear(name);
	otlp_metric_name(name, family);
	if (name->err)
		return name->err;
	if (o->family && name->len == o->name.len && !memcmp(name->data, o->name.data, name->len)) {
		o->twin = otlp_twin(family->name);
		buf_clear(name);
		return 0;
	}
	err = end_metric(o);
	o->family = family;
	o->twin = otlp_twin(family->name);
	buf_clear(&o->name);
	buf_add(&o->name, name->data, name->len);
	buf_clear(name);
	return err ? err : o->name.err;
}

static int add_families(struct otlp *o, const struct page *page)
{
	size_t i, k;
	int err = 0;

	o->family = NULL;
	for (i = 0; i < page->nfamilies && !err; i++) {
		const struct page_family *family = &page->families[i];

		err = begin_family(o, family);
		for (k = 0; k < family->nsamples && !err; k++)
			err = add_sample(o, page, &page->samples[family->sample + k]);
	}
	if (!err && o->family)
		err = end_metric(o);
	return err ? err : body_close(&o->body);
}

static __u64 boot_time(const struct page *page)
{
	size_t i;

	for (i = 0; i < page->nfamilies; i++)
		if (!strcmp(page->families[i].name, "vigie_host_boot_time_seconds") &&
		    page->families[i].nsamples) {
			double s = page_number(page->samples[page->families[i].sample].value);

			return s > 0 && s < 1e10 ? (__u64)(s * NS_PER_S) : 0;
		}
	return 0;
}

int otlp__page(struct otlp *o, const struct page *page, __u64 time_ns, __u64 start_ns,
	       push_body_fn fn, void *ctx)
{
	int err;

	o->fn = fn;
	o->ctx = ctx;
	o->time_ns = time_ns;
	o->start_ns = start_ns;
	o->boot_ns = boot_time(page);
	o->npoints = 0;
	o->nbuckets = 0;
	buf_clear(&o->points);
	body_open(&o->body, pass_request, o);
	if (o->delta)
		delta__begin(o->delta);
	err = add_families(o, page);
	if (o->delta)
		delta__end(o->delta);
	return err;
}

static int add_line(struct otlp *o, const char *line, size_t len)
{
	int err;

	buf_clear(&o->point);
	err = otlp_log_record(&o->point, &o->attribute, &o->value, line, len);
	if (err == -EBADMSG || err == -E2BIG) {
		buf_clear(&o->attribute);
		buf_clear(&o->value);
		o->body.skipped++;
		return 0;
	}
	if (err)
		return err;
	body_begin(&o->body);
	proto_message(&o->body.data, 2, &o->point);
	return body_end(&o->body, 1);
}

/* ScopeLogs and ResourceLogs have the numbers of ScopeMetrics and ResourceMetrics. */
int otlp__events(struct otlp *o, const char *lines, size_t len, push_body_fn fn, void *ctx)
{
	const char *end = lines + len, *stop;
	int err = 0;

	o->fn = fn;
	o->ctx = ctx;
	body_open(&o->body, pass_request, o);
	if (o->delta)
		delta__drop(o->delta);
	for (; lines < end && !err; lines = stop + 1) {
		stop = memchr(lines, '\n', end - lines);
		if (!stop)
			stop = end;
		if (stop > lines)
			err = add_line(o, lines, stop - lines);
	}
	return err ? err : body_close(&o->body);
}

__u64 otlp__skipped(const struct otlp *o)
{
	return o->body.skipped;
}

static void for_each_buf(struct otlp *o, size_t max, void (*fn)(struct buf *, size_t))
{
	struct buf *all[] = { &o->resource,  &o->scope, &o->metric, &o->points, &o->point,
			      &o->attribute, &o->value, &o->data,   &o->name };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		fn(all[i], max);
}

static void done_buf(struct buf *b, size_t max)
{
	(void)max;
	buf_done(b);
}

void otlp__free(struct otlp *o)
{
	if (!o)
		return;
	for_each_buf(o, 0, done_buf);
	body_done(&o->body);
	delta__free(o->delta);
	free(o);
}

int otlp__new(const struct push_encoder_config *config, struct otlp **ret)
{
	struct otlp *o = calloc(1, sizeof(*o));
	size_t around;
	int err;

	if (!o)
		return -ENOMEM;
	for_each_buf(o, config->body_max + ROOM, buf_init);
	make_resource(o, &config->identity);
	around = o->resource.len + o->scope.len + 2 * strlen(OTLP_SCHEMA_URL) + AROUND;
	err = o->resource.err ? o->resource.err : o->scope.err;
	if (!err && config->body_max <= around)
		err = -EINVAL;
	if (!err && config->delta)
		err = delta__new(&o->delta);
	if (err) {
		otlp__free(o);
		return err;
	}
	body_init(&o->body, config->body_max - around);
	*ret = o;
	return 0;
}
