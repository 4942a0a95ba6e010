/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * push/forms.h - what encode.c chooses from: each format's encoder of a page.
 *
 * Owns: the declarations. Each writes pieces to a body that is open.
 */
#ifndef VIGIE_PUSH_FORMS_H
#define VIGIE_PUSH_FORMS_H

#include "push/body.h"

int influx_page(struct body *body, const struct push_identity *identity, const struct page *page,
		__u64 time_ns);

struct graphite; /* the paths that were used: each is a file over there */
int graphite__new(const struct push_encoder_config *config, struct graphite **ret);
void graphite__free(struct graphite *graphite);
int graphite__page(struct graphite *graphite, struct body *body, const struct page *page,
		   __u64 time_ns);

struct otlp; /* messages under construction, and what counters were */
int otlp__new(const struct push_encoder_config *config, struct otlp **ret);
void otlp__free(struct otlp *otlp);
int otlp__page(struct otlp *otlp, const struct page *page, __u64 time_ns, __u64 start_ns,
	       push_body_fn fn, void *ctx);
int otlp__events(struct otlp *otlp, const char *lines, size_t len, push_body_fn fn, void *ctx);
__u64 otlp__skipped(const struct otlp *otlp);

/* "~" or another mark, and 8 hex digits of the text: of two that became alike, each has another. */
void form_hash(struct buf *out, char mark, const char *text);
/* What the sample is called on the page. */
void form_name(struct buf *out, const struct page *page, const struct page_sample *sample);

#endif
