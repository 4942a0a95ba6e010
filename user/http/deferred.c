// SPDX-License-Identifier: GPL-2.0-only
/* deferred.c - owns the bounds of those who wait, and of those who read slowly. */
#include "http/deferred.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/routes.h"

void query_add(struct query *query, const char *name, const char *value)
{
	int n = snprintf(query->text + query->len, sizeof(query->text) - query->len, "%s%s%s%s",
			 query->len ? "&" : "", name, value ? "=" : "", value ? value : "");

	query->too_long |= n < 0 || (size_t)n >= sizeof(query->text) - query->len;
	if (!query->too_long)
		query->len += n;
}

static unsigned int count_waiting(const struct conns *cs)
{
	unsigned int n = 0;

	for (const struct conn *c = cs->slots; c < cs->slots + CONN_SLOTS; c++)
		n += c->used && c->deferral == DEFERRAL_WAITING;
	return n;
}

/* Bytes of answers that are there and not yet read to the end. */
static size_t count_held(const struct conns *cs)
{
	size_t bytes = 0;

	for (const struct conn *c = cs->slots; c < cs->slots + CONN_SLOTS; c++)
		bytes += c->used && c->said ? c->said->page->text.cap : 0;
	return bytes;
}

/* However large, one alone has room: its maker has a bound for it. */
static bool has_room(const struct conns *cs, const struct http_callbacks *callbacks, size_t bytes)
{
	size_t held = count_held(cs);

	return !held || !callbacks->answers_most || held + bytes <= callbacks->answers_most;
}

static const char no_room[] = "too many answers of the past are still being read: ask again later";

static void refuse(struct request *r, unsigned int status, const char *why)
{
	r->unasked = status;
	r->why = why;
}

bool deferred_begin(struct deferred *d, const struct routes *routes, struct conns *cs,
		    struct conn *c, struct request *r, unsigned int ask, const struct query *query)
{
	const struct http_callbacks *callbacks = &routes->callbacks;
	const struct http_page plain = { .contents = { 0 }, .ncontents = 1 };

	if (query->too_long) {
		refuse(r, 414, "the query is longer than 4 KiB");
		return false;
	}
	if (count_waiting(cs) >= DEFERRED_MAX) {
		refuse(r, 503, "too many ask for the past at once: ask again later");
		return false;
	}
	if (!has_room(cs, callbacks, 0)) {
		refuse(r, 503, no_room);
		return false;
	}
	r->unasked = callbacks->ask(callbacks->ctx, ask, query->text,
				    negotiation_choose(&r->negotiation, &plain).gzip,
				    d->last_job + 1, &r->why);
	if (r->unasked)
		return false;
	c->deferred_job = ++d->last_job;
	c->deferral = DEFERRAL_WAITING;
	return true;
}

static struct said *said_new(const struct http_said *from)
{
	struct said *said = calloc(1, sizeof(*said));
	struct page *page = calloc(1, sizeof(*page));

	if (!said || !page) {
		free(said);
		free(page);
		return NULL;
	}
	said->status = from->status;
	said->type = from->type;
	said->policy = from->policy;
	page->refs = 1;
	page->gzip = from->gzip;
	page->text = *from->text;
	buf_init(from->text, page->text.max);
	said->page = page;
	return said;
}

struct conn *deferred_answer(const struct routes *routes, struct conns *cs, __u64 job,
			     const struct http_said *said)
{
	bool room = has_room(cs, &routes->callbacks, said->text->cap);

	for (struct conn *c = cs->slots; c < cs->slots + CONN_SLOTS; c++) {
		if (!c->used || c->deferral != DEFERRAL_WAITING || c->deferred_job != job)
			continue;
		deferred_give_up(c, room ? "no memory for the answer" : no_room);
		c->said = room ? said_new(said) : NULL;
		return c;
	}
	return NULL;
}

void deferred_give_up(struct conn *c, const char *why)
{
	c->deferral = DEFERRAL_OVER;
	c->given_up = why;
}

void deferred_done(struct conn *c)
{
	if (c->said) {
		page_put(c->said->page);
		free(c->said);
	}
	c->said = NULL;
	c->given_up = NULL;
	c->deferral = DEFERRAL_NONE;
}

void deferred_take(const struct conn *c, struct request *r)
{
	r->said = c->said;
	if (!r->said)
		refuse(r, 503,
		       c->given_up ? c->given_up
				   : "no answer in time: ask for less, or again later");
}
