// SPDX-License-Identifier: GPL-2.0-only
/* deferred.c - owns the bound of those who wait. */
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

static void refuse(struct request *r, unsigned int status, const char *why)
{
	r->unasked = status;
	r->why = why;
}

bool deferred_begin(struct deferred *d, const struct routes *routes, struct conns *cs,
		    struct conn *c, struct request *r, const struct query *query)
{
	const struct http_callbacks *callbacks = &routes->callbacks;
	const struct http_page plain = { .contents = { 0 }, .ncontents = 1 };
	int ask = routes_find_ask(routes, r);

	if (ask < 0)
		return false;
	if (query->too_long) {
		refuse(r, 414, "the query is longer than 4 KiB");
		return false;
	}
	if (count_waiting(cs) >= DEFERRED_MAX) {
		refuse(r, 503, "too many ask for the past at once: ask again later");
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
	snprintf(said->policy, sizeof(said->policy), "%s", from->policy ? from->policy : "");
	page->refs = 1;
	page->gzip = from->gzip;
	page->text = *from->text;
	buf_init(from->text, page->text.max);
	said->page = page;
	return said;
}

struct conn *deferred_answer(struct conns *cs, __u64 job, const struct http_said *said)
{
	for (struct conn *c = cs->slots; c < cs->slots + CONN_SLOTS; c++) {
		if (!c->used || c->deferral != DEFERRAL_WAITING || c->deferred_job != job)
			continue;
		c->said = said_new(said);
		c->deferral = DEFERRAL_OVER;
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
