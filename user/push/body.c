// SPDX-License-Identifier: GPL-2.0-only
/* body.c - owns the cutting of bodies between pieces. */
#include "push/body.h"

#include <errno.h>
#include <string.h>

enum { PIECE_ROOM = 1 << 20 /* above a body's maximum, so that a piece can be measured */ };

void body_init(struct body *body, size_t max)
{
	*body = (struct body){ .max = max };
	buf_init(&body->data, max + PIECE_ROOM);
}

void body_done(struct body *body)
{
	buf_done(&body->data);
}

void body_open(struct body *body, push_body_fn fn, void *ctx)
{
	buf_clear(&body->data);
	body->points = 0;
	body->start = 0;
	body->fn = fn;
	body->ctx = ctx;
}

void body_begin(struct body *body)
{
	body->start = body->data.len;
}

static int pass_on(struct body *body)
{
	size_t rest = body->data.len - body->start;
	unsigned int points = body->points;
	int err = 0;

	if (body->start)
		err = body->fn(body->ctx, body->data.data, body->start, points);
	if (rest)
		memmove(body->data.data, body->data.data + body->start, rest);
	body->data.len = rest;
	body->start = 0;
	body->points = 0;
	return err;
}

int body_end(struct body *body, unsigned int points)
{
	int err;

	if (body->data.err && body->data.err != -E2BIG)
		return body->data.err;
	if (body->data.err || body->data.len - body->start > body->max) {
		body->data.err = 0;
		body->data.len = body->start;
		body->skipped += points;
		return 0;
	}
	err = body->data.len > body->max ? pass_on(body) : 0;
	body->points += points;
	return err;
}

int body_close(struct body *body)
{
	body->start = body->data.len;
	return pass_on(body);
}
