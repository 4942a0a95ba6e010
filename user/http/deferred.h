/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * deferred.h - requests whose answers are made elsewhere and come later.
 *
 * Owns: how many may wait, what answers that are being read may take, who waits for which job, and the life of an
 * answer. PURE. Not here:
 * suspending and resuming (http.c), headers (routes.c).
 */
#ifndef VIGIE_HTTP_DEFERRED_H
#define VIGIE_HTTP_DEFERRED_H

#include "http/conns.h"
#include "http/page_cache.h"
#include "http/request.h"

enum { DEFERRED_MAX = 8 };

struct said {
	unsigned int status;
	const char *type; /* static */
	const char *policy; /* as http_said has it */
	struct page *page;
};

struct routes;

struct deferred {
	__u64 last_job;
};

/* "a=b&c=d" of what a library took apart; too long ones are refused as a whole. */
struct query {
	char text[4096];
	size_t len;
	bool too_long;
};
void query_add(struct query *query, const char *name, const char *value);

/*
 * The connection's request is for this one of the paths that are asked elsewhere (routes_find_ask()): asked. True: it
 * has to wait, which it does already. False: it is answered now, and the request says with what.
 */
bool deferred_begin(struct deferred *d, const struct routes *routes, struct conns *cs,
		    struct conn *c, struct request *r, unsigned int ask, const struct query *query);
/*
 * The one who waits for it, who has the answer from then on, or is refused as there is no room for it; NULL: nobody
 * any more. What said->text still has nobody took.
 */
struct conn *deferred_answer(const struct routes *routes, struct conns *cs, __u64 job,
			     const struct http_said *said);
/* No answer comes: what the request says then, a static line; NULL: none came in time. */
void deferred_give_up(struct conn *c, const char *why);
/* Its answer is queued, or it is gone. */
void deferred_done(struct conn *c);
/* A request that comes again because its wait is over: what it gets. */
void deferred_take(const struct conn *c, struct request *r);

#endif
