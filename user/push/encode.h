/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * push/encode.h - a page of metrics, and lines of the findings' log, as other systems take them.
 *
 * Owns: OTLP (protobuf), InfluxDB line protocol, Graphite plaintext. PURE but for what a destination of
 * delta temporality needs to remember: what each series was when it was last encoded and kept.
 * Not here: how bytes travel (destination.h).
 */
#ifndef VIGIE_PUSH_ENCODE_H
#define VIGIE_PUSH_ENCODE_H

#include <stdbool.h>

#include "base/buf.h"
#include "push/page.h"

enum push_format { PUSH_OTLP, PUSH_INFLUX, PUSH_GRAPHITE, PUSH_FORMATS };

struct push_identity { /* of what sends: resource attributes, tags, path; sanitised already */
	const char *host_name, *host_id, *instance_id, *version;
};

struct push_encoder_config {
	enum push_format format;
	bool delta; /* OTLP: temporality; else cumulative */
	size_t body_max; /* bytes of one body, before compression */
	size_t series_max; /* Graphite: files that may come to be; 0: no bound */
	const char *prefix; /* Graphite: of paths */
	struct push_identity identity; /* borrowed */
};

struct push_encoder;

/* One body, whole and valid by itself; borrowed for the call. -errno ends the walk. */
typedef int (*push_body_fn)(void *ctx, const void *data, size_t len, unsigned int points);

int push_encoder__new(const struct push_encoder_config *config, struct push_encoder **ret);
void push_encoder__free(struct push_encoder *encoder);
/* Unix nanoseconds: of the page, and since when its counters count. 0, or -errno (fn's too). */
int push_encoder__page(struct push_encoder *encoder, const struct page *page, __u64 time_ns,
		       __u64 start_ns, push_body_fn fn, void *ctx);
/* OTLP only, else -ENOTSUP: lines of the log (ECS, one JSON object a line) as LogRecords. */
int push_encoder__events(struct push_encoder *encoder, const char *lines, size_t len,
			 push_body_fn fn, void *ctx);
/* Points that could not be sent as they are, by this encoder, since it was made. */
__u64 push_encoder__skipped(const struct push_encoder *encoder);

#endif
