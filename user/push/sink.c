// SPDX-License-Identifier: GPL-2.0-only
/* sink.c - owns the requests of a destination, and what is said of it. */
#include "push/sink.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/err.h"
#include "base/gzip.h"
#include "base/text.h"
#include "base/units.h"
#include "push/partial.h"
#include "push/sigv4.h"

enum {
	LINE_LEN = 600,
	SHOWN_LEN = 200,
	ANSWER_MAX = 64 << 10,
	SIGNED_MAX = 16 << 10,
	GZIP_ROOM = 128 << 10
};

#define SAY_EVERY_NS (3600 * NS_PER_S)

static const char *content_type(const struct sink *sink)
{
	return sink->target->type == PUSH_TO_OTLP ? "application/x-protobuf"
						  : "text/plain; charset=utf-8";
}

static void say(struct sink *sink, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct sink *sink, const char *fmt, ...)
{
	char line[LINE_LEN];
	va_list args;
	int n;

	n = snprintf(line, sizeof(line), "%s: ", sink->target->name);
	va_start(args, fmt);
	vsnprintf(line + n, sizeof(line) - n, fmt, args);
	va_end(args);
	sink->say(sink->ctx, line);
}

/* Once an hour of each kind: what repeats is counted, and is on the page. */
static bool may_say(struct sink *sink, enum sink_trouble what, __u64 now_ns)
{
	if (sink->said_ns[what] && now_ns - sink->said_ns[what] < SAY_EVERY_NS)
		return false;
	sink->said_ns[what] = now_ns;
	return true;
}

static int make_encoder(struct sink *sink, const struct sink_config *config)
{
	static const enum push_format formats[PUSH_TYPES] = { [PUSH_TO_OTLP] = PUSH_OTLP,
							      [PUSH_TO_INFLUXDB] = PUSH_INFLUX,
							      [PUSH_TO_GRAPHITE] = PUSH_GRAPHITE };
	const struct push_encoder_config of = {
		.format = formats[config->target->type],
		.delta = config->target->delta,
		.body_max = config->target->body_max,
		.series_max = config->target->series_max,
		.prefix = config->target->prefix,
		.identity = config->identity,
	};

	return push_encoder__new(&of, &sink->encoder);
}

static int make_url(struct sink *sink)
{
	size_t size;

	if (sink->target->type != PUSH_TO_GRAPHITE)
		return 0;
	size = strlen(sink->target->url) + 8;
	sink->connect_url = malloc(size);
	if (!sink->connect_url)
		return -ENOMEM;
	snprintf(sink->connect_url, size, "http%s", strchr(sink->target->url, ':'));
	return 0;
}

int sink_init(struct sink *sink, const struct sink_config *config, __u64 now_ns)
{
	const struct push_target *target = config->target;
	struct spool spool;
	int err;

	*sink = (struct sink){
		.target = target, .secrets = config->secrets, .say = config->say, .ctx = config->ctx
	};
	/* A spool of delta figures is none of cumulative ones. */
	err = spool_open(&spool, config->spool_root, target->name,
			 target->type | (__u32)target->delta << 8, target->spool_max);
	if (err && config->spool_root >= 0)
		say(sink, "no spool, what waits is in memory only: %s%s", err_name(err),
		    err_write_remedy(err));
	err = destination_init(&sink->destination, &spool, target->queue_max, now_ns);
	if (err) {
		say(sink, "the spool cannot be read: %s; what is in it stays there", err_name(err));
		err = err == -ENOMEM ? err : 0;
	}
	if (sink->destination.queue.n)
		say(sink, "%zu batches wait in the spool", sink->destination.queue.n);
	if (sink->destination.spool.refused)
		say(sink, "%llu files of the spool were damaged or of another format, and removed",
		    (unsigned long long)sink->destination.spool.refused);
	if (!err)
		err = make_url(sink);
	if (!err)
		err = make_encoder(sink, config);
	if (err)
		say(sink, "cannot be prepared: %s", err_name(err));
	return err;
}

void sink_done(struct sink *sink)
{
	push_encoder__free(sink->encoder);
	destination_done(&sink->destination);
	free(sink->connect_url);
}

/* --- In. ----------------------------------------------------------------------------- */

struct intake {
	struct sink *sink;
	enum push_kind kind;
	__u64 now_ns, wall_ns;
};

static void put(struct intake *in, const void *data, size_t len, unsigned int points)
{
	/* The queue copies; it only reads. */
	const struct push_batch batch = { .kind = in->kind,
					  .points = points,
					  .wall_ns = in->wall_ns,
					  .data = (unsigned char *)(uintptr_t)data,
					  .len = len };

	destination_put(&in->sink->destination, &batch, in->now_ns);
}

static int on_body(void *ctx, const void *data, size_t len, unsigned int points)
{
	struct intake *in = ctx;
	struct buf packed;
	int err;

	if (in->sink->target->type == PUSH_TO_GRAPHITE) {
		put(in, data, len, points);
		return 0;
	}
	/* zlib wants room for the worst there is, and buffers grow by pieces. */
	buf_init(&packed, 2 * len + GZIP_ROOM);
	err = gzip_encode(&packed, data, len);
	if (!err)
		put(in, packed.data, packed.len, points);
	buf_done(&packed);
	return err;
}

static __u64 sum_dropped(const struct destination *d)
{
	__u64 sum = 0;
	unsigned int i;

	for (i = 0; i < PUSH_DROPS; i++)
		sum += d->dropped[i];
	return sum;
}

/* What was given up for want of room, and what a disk said. */
static void look_at_losses(struct sink *sink, __u64 now_ns)
{
	const struct destination *d = &sink->destination;
	__u64 dropped = sum_dropped(d);

	if (dropped > sink->dropped_seen && may_say(sink, SINK_FULL, now_ns))
		say(sink,
		    "%llu points were given up: the oldest go where too much waits (%zu bytes "
		    "in memory, %llu on the disk)",
		    (unsigned long long)(dropped - sink->dropped_seen), d->queue.bytes,
		    (unsigned long long)d->spool.used);
	sink->dropped_seen = dropped;
	if (d->spool_errors > sink->spool_errors_seen && may_say(sink, SINK_DISK, now_ns))
		say(sink, "the spool cannot be written: %s%s", err_name(d->spool_err),
		    err_write_remedy(d->spool_err));
	sink->spool_errors_seen = d->spool_errors;
}

static void intake_ended(struct intake *in, int err)
{
	if (err && may_say(in->sink, SINK_ENCODER, in->now_ns))
		say(in->sink, "a page could not be encoded: %s", err_name(err));
	look_at_losses(in->sink, in->now_ns);
}

void sink_take_page(struct sink *sink, const struct page *page, __u64 time_ns, __u64 start_ns,
		    __u64 now_ns)
{
	struct intake in = { sink, PUSH_METRICS, now_ns, time_ns };

	intake_ended(&in, push_encoder__page(sink->encoder, page, time_ns, start_ns, on_body, &in));
}

void sink_take_events(struct sink *sink, const char *lines, size_t len, __u64 now_ns, __u64 wall_ns)
{
	struct intake in = { sink, PUSH_LOGS, now_ns, wall_ns };

	if (sink->target->logs_url)
		intake_ended(&in, push_encoder__events(sink->encoder, lines, len, on_body, &in));
}

/* --- Out. ---------------------------------------------------------------------------- */

struct headers {
	const char *all[PUSH_HEADERS_MAX + 8];
	unsigned int n;
	char type[80];
	struct buf signatures; /* lines that end in NUL */
};

static int sign(const struct sink *sink, const struct push_batch *batch, const char *url,
		__u64 wall_ns, struct headers *headers)
{
	const struct push_secrets *secrets = sink->secrets;
	const struct sigv4_scope scope = { sink->target->aws_region, sink->target->aws_service,
					   secrets->aws_key_id, secrets->aws_secret,
					   secrets->aws_session_token };
	size_t at;
	int err = sigv4_post(&scope, url, content_type(sink), batch->data, batch->len, wall_ns,
			     &headers->signatures);

	for (at = 0; !err && at < headers->signatures.len;
	     at += strlen(headers->signatures.data + at) + 1)
		headers->all[headers->n++] = headers->signatures.data + at;
	return err;
}

static int make_headers(const struct sink *sink, const struct push_batch *batch, const char *url,
			__u64 wall_ns, struct headers *headers)
{
	unsigned int i;

	headers->n = 0;
	buf_init(&headers->signatures, SIGNED_MAX);
	snprintf(headers->type, sizeof(headers->type), "Content-Type: %s", content_type(sink));
	headers->all[headers->n++] = headers->type;
	headers->all[headers->n++] = "Content-Encoding: gzip";
	for (i = 0; i < sink->secrets->nheaders; i++)
		headers->all[headers->n++] = sink->secrets->headers[i];
	return sink->target->aws_region ? sign(sink, batch, url, wall_ns, headers) : 0;
}

static int start(struct sink *sink, struct transport *transport, unsigned int slot,
		 const struct push_batch *batch, __u64 wall_ns)
{
	const struct push_target *target = sink->target;
	struct transport_request request = {
		.url = batch->kind == PUSH_LOGS ? target->logs_url : target->url,
		.direct = target->loopback,
		.body = batch->data,
		.len = batch->len,
		.username = target->username,
		.password = sink->secrets->password,
		.ca_file = target->ca_file,
		.timeout_ns = target->timeout_ns,
		.answer_max = ANSWER_MAX,
	};
	struct headers headers;
	int err;

	if (target->type == PUSH_TO_GRAPHITE) {
		request.plain = true;
		request.url = sink->connect_url;
		return transport__start(transport, slot, &request);
	}
	err = make_headers(sink, batch, request.url, wall_ns, &headers);
	request.headers = headers.all;
	request.nheaders = headers.n;
	if (!err)
		err = transport__start(transport, slot, &request);
	if (headers.signatures.data)
		explicit_bzero(headers.signatures.data, headers.signatures.len);
	buf_done(&headers.signatures);
	return err;
}

__u64 sink_pump(struct sink *sink, struct transport *transport, unsigned int slot, __u64 now_ns,
		__u64 wall_ns)
{
	const struct push_batch *batch;
	__u64 wake_ns = UINT64_MAX;
	int err;

	if (transport__is_busy(transport, slot))
		return UINT64_MAX;
	batch = destination_next(&sink->destination, now_ns, &wake_ns);
	if (!batch)
		return wake_ns;
	if (batch->kind == PUSH_LOGS && !sink->target->logs_url) { /* of the spool, of other days */
		const struct transport_answer nowhere = { .status = 404, .body = "no logs-url" };

		sink_answered(sink, &nowhere, now_ns, wall_ns);
		return now_ns;
	}
	err = start(sink, transport, slot, batch, wall_ns);
	if (err) {
		struct transport_answer failed = { .failure = PUSH_RETRY_CONNECTION };

		snprintf(failed.why, sizeof(failed.why), "the request cannot be made: %s",
			 err_name(err));
		sink_answered(sink, &failed, now_ns, wall_ns);
		return now_ns;
	}
	return UINT64_MAX;
}

/* The begin of what a server said, printable. */
static void show_body(const struct transport_answer *answer, char shown[SHOWN_LEN])
{
	shown[0] = '\0';
	if (answer->len)
		text_sanitise(shown, SHOWN_LEN, answer->body, answer->len);
}

static void say_retry(struct sink *sink, const struct transport_answer *answer, __u64 now_ns)
{
	char shown[SHOWN_LEN];

	if (!may_say(sink, SINK_UNREACHABLE, now_ns))
		return;
	sink->unreachable = true;
	show_body(answer, shown);
	if (answer->status)
		say(sink, "answers %u, will be tried again: %s", answer->status, shown);
	else
		say(sink, "does not answer, will be tried again: %s", answer->why);
}

static void say_poison(struct sink *sink, const struct transport_answer *answer,
		       unsigned int points, __u64 now_ns)
{
	char shown[SHOWN_LEN];

	if (!may_say(sink, SINK_REJECTED, now_ns))
		return;
	show_body(answer, shown);
	say(sink, "rejects a batch of %u points, which is given up: status %u: %s", points,
	    answer->status, shown);
}

static __u64 read_partial(struct sink *sink, const struct transport_answer *answer, __u64 now_ns)
{
	struct partial_success partial = { 0 };

	if (sink->target->type != PUSH_TO_OTLP || push_verdict(answer->status) != PUSH_DONE ||
	    answer->cut || partial_success_parse(answer->body, answer->len, &partial))
		return 0;
	if (partial.rejected && may_say(sink, SINK_PARTIAL, now_ns))
		say(sink, "has not taken %llu points of a batch: %s",
		    (unsigned long long)partial.rejected, partial.message);
	return partial.rejected;
}

void sink_answered(struct sink *sink, const struct transport_answer *answer, __u64 now_ns,
		   __u64 wall_ns)
{
	struct destination *d = &sink->destination;
	unsigned int points = d->sending->points;
	const struct push_answer as = {
		.status = answer->status,
		.failure = answer->failure,
		.retry_after = answer->retry_after[0] ? answer->retry_after : NULL,
		.rejected = read_partial(sink, answer, now_ns),
	};
	__u32 chance = 0;

	/* Without it all wait the shortest time: not worse than no answer at all. */
	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0)
		chance = 0;
	switch (destination_answered(d, &as, now_ns, wall_ns, chance)) {
	case PUSH_RETRY: say_retry(sink, answer, now_ns); break;
	case PUSH_POISON: say_poison(sink, answer, points, now_ns); break;
	case PUSH_DONE:
		if (sink->unreachable)
			say(sink, "takes batches again; %zu wait", d->queue.n);
		sink->unreachable = false;
		break;
	}
	/* Rejected ones have a line of their own. */
	if (push_verdict(answer->status) != PUSH_RETRY)
		sink->dropped_seen = sum_dropped(d);
	look_at_losses(sink, now_ns);
}
