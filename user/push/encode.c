// SPDX-License-Identifier: GPL-2.0-only
/* encode.c - owns the choice of the format, and the body that it writes to. */
#include "push/encode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "push/forms.h"

struct push_encoder {
	struct push_encoder_config config;
	struct body body;
	struct graphite *graphite; /* NULL: another format */
	struct otlp *otlp; /* the same; it has a body of its own */
};

void form_hash(struct buf *out, char mark, const char *text)
{
	buf_printf(out, "%c%08x", mark, (__u32)hash_bytes(text, strlen(text), 0));
}

void form_name(struct buf *out, const struct page *page, const struct page_sample *sample)
{
	static const char *const parts[] = { "", "_bucket", "_count", "_sum" };
	const struct page_family *family = &page->families[sample->family];

	buf_str(out, family->name);
	if (family->type == PAGE_COUNTER)
		buf_str(out, "_total");
	else if (family->type == PAGE_INFO)
		buf_str(out, "_info");
	else
		buf_str(out, parts[sample->part]);
}

int push_encoder__new(const struct push_encoder_config *config, struct push_encoder **ret)
{
	struct push_encoder *encoder;
	int err = 0;

	if (config->format >= PUSH_FORMATS)
		return -ENOTSUP;
	encoder = calloc(1, sizeof(*encoder));
	if (!encoder)
		return -ENOMEM;
	encoder->config = *config;
	body_init(&encoder->body, config->body_max);
	if (config->format == PUSH_GRAPHITE)
		err = graphite__new(config, &encoder->graphite);
	else if (config->format == PUSH_OTLP)
		err = otlp__new(config, &encoder->otlp);
	if (err) {
		push_encoder__free(encoder);
		return err;
	}
	*ret = encoder;
	return 0;
}

void push_encoder__free(struct push_encoder *encoder)
{
	if (!encoder)
		return;
	graphite__free(encoder->graphite);
	otlp__free(encoder->otlp);
	body_done(&encoder->body);
	free(encoder);
}

int push_encoder__page(struct push_encoder *encoder, const struct page *page, __u64 time_ns,
		       __u64 start_ns, push_body_fn fn, void *ctx)
{
	struct body *body = &encoder->body;
	int err;

	if (encoder->otlp)
		return otlp__page(encoder->otlp, page, time_ns, start_ns, fn, ctx);
	body_open(body, fn, ctx);
	if (encoder->graphite)
		err = graphite__page(encoder->graphite, body, page, time_ns);
	else
		err = influx_page(body, &encoder->config.identity, page, time_ns);
	return err ? err : body_close(body);
}

int push_encoder__events(struct push_encoder *encoder, const char *lines, size_t len,
			 push_body_fn fn, void *ctx)
{
	if (encoder->otlp)
		return otlp__events(encoder->otlp, lines, len, fn, ctx);
	return -ENOTSUP;
}

__u64 push_encoder__skipped(const struct push_encoder *encoder)
{
	return encoder->otlp ? otlp__skipped(encoder->otlp) : encoder->body.skipped;
}
