// SPDX-License-Identifier: GPL-2.0-only
/* own_metrics.c - owns the table of families. */
#include "push/own_metrics.h"

typedef void(rows_fn)(struct buf *out, const char *family, const struct own_metrics *of);

static void row(struct buf *out, const char *sample, const char *name, const char *label,
		const char *value, __u64 n)
{
	buf_printf(out, "%s{destination=\"%s\"", sample, name);
	if (label)
		buf_printf(out, ",%s=\"%s\"", label, value);
	buf_str(out, "} ");
	buf_u64(out, n);
	buf_char(out, '\n');
}

static void batches(struct buf *out, const char *family, const struct own_metrics *of)
{
	row(out, "vigie_push_batches_total", of->name, NULL, NULL, of->destination->batches);
}

static void points(struct buf *out, const char *family, const struct own_metrics *of)
{
	row(out, "vigie_push_points_total", of->name, NULL, NULL, of->destination->points);
}

static void dropped(struct buf *out, const char *family, const struct own_metrics *of)
{
	unsigned int i;

	for (i = 0; i < PUSH_DROPS; i++)
		row(out, "vigie_push_dropped_points_total", of->name, "reason", push_drop_name(i),
		    of->destination->dropped[i]);
	row(out, "vigie_push_dropped_points_total", of->name, "reason", "not_representable",
	    of->skipped);
}

static void refused(struct buf *out, const char *family, const struct own_metrics *of)
{
	row(out, "vigie_push_spool_files_refused_total", of->name, NULL, NULL,
	    of->destination->spool.refused);
}

static void spool_errors(struct buf *out, const char *family, const struct own_metrics *of)
{
	row(out, "vigie_push_spool_errors_total", of->name, NULL, NULL,
	    of->destination->spool_errors);
}

static void retries(struct buf *out, const char *family, const struct own_metrics *of)
{
	unsigned int i;

	for (i = 0; i < PUSH_RETRIES; i++)
		row(out, "vigie_push_retries_total", of->name, "reason", push_retry_name(i),
		    of->destination->retries[i]);
}

static void queue(struct buf *out, const char *family, const struct own_metrics *of)
{
	row(out, family, of->name, "where", "memory", of->destination->queue.bytes);
	row(out, family, of->name, "where", "disk", of->destination->spool.used);
}

static void success(struct buf *out, const char *family, const struct own_metrics *of)
{
	if (!of->destination->last_success_wall_ns)
		return;
	buf_printf(out, "%s{destination=\"%s\"} ", family, of->name);
	buf_seconds(out, of->destination->last_success_wall_ns);
	buf_char(out, '\n');
}

static const struct {
	const char *name, *type, *unit, *help;
	rows_fn *rows;
} families[] = {
	{ "vigie_push_batches", "counter", NULL, "Batches that the destination has taken.",
	  batches },
	{ "vigie_push_points", "counter", NULL, "Points and records in them.", points },
	{ "vigie_push_dropped_points", "counter", NULL, "Points and records that were given up.",
	  dropped },
	{ "vigie_push_spool_files_refused", "counter", NULL,
	  "Files of the spool that were damaged or of another format; their points are unknown.",
	  refused },
	{ "vigie_push_spool_errors", "counter", NULL,
	  "Batches that could not be written to the spool and wait in memory.", spool_errors },
	{ "vigie_push_retries", "counter", NULL,
	  "Attempts after which a batch waits for another one.", retries },
	{ "vigie_push_queue_bytes", "gauge", "bytes", "What waits.", queue },
	{ "vigie_push_last_success_timestamp_seconds", "gauge", "seconds",
	  "When the destination took a batch last, in Unix time.", success },
};

static void head(struct buf *out, const char *name, const char *type, const char *unit,
		 const char *help)
{
	buf_printf(out, "# TYPE %s %s\n", name, type);
	if (unit)
		buf_printf(out, "# UNIT %s %s\n", name, unit);
	buf_printf(out, "# HELP %s %s\n", name, help);
}

void own_metrics_encode(struct buf *out, const struct own_metrics *all, unsigned int n,
			__u64 page_failures, __u64 log_failures)
{
	size_t i;
	unsigned int k;

	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		head(out, families[i].name, families[i].type, families[i].unit, families[i].help);
		for (k = 0; k < n; k++)
			families[i].rows(out, families[i].name, &all[k]);
	}
	head(out, "vigie_push_page_failures", "counter", NULL,
	     "Times that the daemon's page could not be had, or was none.");
	buf_printf(out, "vigie_push_page_failures_total %llu\n", (unsigned long long)page_failures);
	head(out, "vigie_push_log_failures", "counter", NULL,
	     "Times that the daemon's log of findings could not be had.");
	buf_printf(out, "vigie_push_log_failures_total %llu\n", (unsigned long long)log_failures);
}
