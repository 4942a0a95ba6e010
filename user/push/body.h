/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * push/body.h - pieces of text or protobuf in bodies that a destination takes.
 *
 * Owns: where one body ends and the next begins, and what fits into none. Not here: what a piece is.
 */
#ifndef VIGIE_PUSH_BODY_H
#define VIGIE_PUSH_BODY_H

#include <linux/types.h>

#include "base/buf.h"
#include "push/encode.h"

struct body {
	struct buf data; /* a piece is written here, between body_begin() and body_end() */
	size_t max, start; /* of the piece */
	unsigned int points; /* of the pieces before it */
	__u64 skipped; /* points too large for a body, and what its user adds */
	push_body_fn fn;
	void *ctx;
};

void body_init(struct body *body, size_t max);
void body_done(struct body *body);
void body_open(struct body *body, push_body_fn fn, void *ctx);
void body_begin(struct body *body);
/* The piece is whole. One that no body can hold is dropped and counted. 0, -ENOMEM or fn's. */
int body_end(struct body *body, unsigned int points);
/* Passes on what is left. */
int body_close(struct body *body);

#endif
