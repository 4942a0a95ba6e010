/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * encode.h - the PURE encoders: a view in, bytes out.
 *
 * Owns: what encoders get. The list of formats is formats.h. Each appends to a buf and reports through the buf's sticky
 * error; nothing here reads a clock, a file or a terminal.
 */
#ifndef VIGIE_EXPORT_ENCODE_H
#define VIGIE_EXPORT_ENCODE_H

#include <stdbool.h>

#include "base/buf.h"
#include "data/finding.h"
#include "data/self.h"
#include "data/view.h"
#include "data/view_list.h"

enum { SELF_RULES_MAX = 32 }; /* as many as one page tells of: the table of rules has fewer */

/* The daemon's own figures, gathered by the caller. Standard process_* families. */
struct self_view {
	const char *version;
	const char *revision;
	const char *metrics_path; /* needs no escaping; NULL: /metrics */
	__u64 cpu_ns; /* getrusage, user + system */
	__u64 resident_bytes, virtual_bytes;
	__u64 open_fds, max_fds;
	double start_time_s; /* Unix time */
	__u64 scrapes; /* answered with 200 */
	__u64 scrape_errors; /* answered with 5xx */
	__u64 renders; /* pages made; scrapes share them */
	__u64 render_ns; /* wall time of all renders, snapshot not included */
	__u64 connections_refused; /* over the cap */
	__u64 config_good; /* 1: the last reading of the configuration was taken */
	__u64 config_read_ns; /* when one was taken last, Unix time */
	const struct self_missing *missing; /* what is switched off, and why */
	unsigned int nmissing;
	const struct self_finding *findings; /* under way, those of benign patterns left out */
	unsigned int nfindings;
	const struct self_rule *rules; /* what detection found; the order of the table of rules */
	unsigned int nrules;
	__u64 detect_cpu_ns;
	__u64 findings_suppressed; /* over the limit a minute, or no room */
	__u64 findings_silenced; /* a verdict calls their pattern benign */
	__u64 detect_series, detect_bytes; /* series that are watched, and what they take */
	__u64 events[SEVERITIES]; /* written to the log, by level */
	struct self_writer writer;
	struct self_profiler profiler;
	struct self_namer namer;
	struct self_history history;
	struct self_web web;
	struct self_budget budget;
	struct self_memory memory;
};
struct self_rule {
	const char *id;
	__u64 findings; /* that began, those of benign patterns not counted */
	__u64 active;
};
struct self_finding {
	char id[FINDING_ID_LEN];
	const char *rule; /* its id; static */
	enum severity severity;
	__u64 since_wall_ns;
	char message[320]; /* sanitised */
};
struct self_missing {
	const char *field; /* family or feature */
	const char *reason; /* short: "no task storage" */
};

struct family_choice; /* choice.h */

/* What the encoding of one view works with. */
struct encode_ctx {
	struct buf *out;
	const struct view *view;
	const struct self_view *self; /* or NULL: its families are left out */
	const struct list_options *list; /* never NULL for formats that sort and cut rows */
	const struct family_choice *families; /* of metrics; NULL: all */
};

enum om_dialect {
	OM_OPENMETRICS_1_0, /* application/openmetrics-text; version=1.0.0 */
	OM_TEXT_0_0_4, /* text/plain; version=0.0.4 */
};
/* self may be NULL: then no vigie_self_*, vigie_build_info and process_* families (golden tests, once). */
void openmetrics_encode_ctx(const struct encode_ctx *ctx, enum om_dialect dialect);
void openmetrics_encode(struct buf *out, const struct view *view, const struct self_view *self,
			enum om_dialect dialect);

/* The moment, for the live page and for scripts: docs/api.md. self may be NULL: a moment of the past. */
void now_encode(const struct encode_ctx *ctx);

/* The page at /, HTML. */
void index_encode(const struct encode_ctx *ctx);

void table_encode(struct buf *out, const struct view *view, const struct list_options *options);
void json_encode(struct buf *out, const struct view *view, const struct list_options *options);
void csv_encode(struct buf *out, const struct view *view, const struct list_options *options);

/* docs/metrics.md, from the same table that samples_walk() walks. */
void metrics_doc_encode(struct buf *out);

#endif
