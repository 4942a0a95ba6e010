/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * feed.h - what comes from the daemon: its page and its log, made ready for the encoders.
 *
 * Owns: how the daemon is asked, that a page is whole, our own families behind it, since when its
 * counters count. Not here: when (pusher.h), the parsing (page.h).
 */
#ifndef VIGIE_PUSH_FEED_H
#define VIGIE_PUSH_FEED_H

#include "base/buf.h"
#include "data/push.h"
#include "push/own_metrics.h"
#include "push/page.h"
#include "push/transport.h"

enum { FEED_PAGE_MAX = 16 << 20, FEED_EVENTS_MAX = 1 << 20, FEED_WHY_LEN = 240 };

struct feed {
	char url[PUSH_URL_LEN_MAX + 64]; /* of the page */
	const char *unix_path; /* NULL: by TCP */
	struct buf text; /* of the last page, which it is parsed in */
	struct page page;
	__u64 start_ns; /* Unix time */

	char events_base[PUSH_URL_LEN_MAX + 64], events_url[PUSH_URL_LEN_MAX + 96];
	bool events_known; /* after which line to ask; else it is asked which is the last */
	bool events_more; /* there are more than came */
	__u64 after;
	struct buf lines; /* of the log, that came last */

	__u64 failures, log_failures;
	char why[FEED_WHY_LEN]; /* of the last */
};

int feed_init(struct feed *feed, const struct push_settings *settings);
void feed_done(struct feed *feed);
int feed_ask(struct feed *feed, struct transport *transport, unsigned int slot);
/*
 * feed->page is the page that came, with own[n] behind it. 0, or -errno with feed->why, counted.
 */
int feed_take(struct feed *feed, const struct transport_answer *answer,
	      const struct own_metrics *own, unsigned int n);
/* The same of lines of the findings' log: feed->lines are those that are new, each with its newline. */
int feed_ask_events(struct feed *feed, struct transport *transport, unsigned int slot);
int feed_take_events(struct feed *feed, const struct transport_answer *answer);
/* It could not even be asked: counted. */
void feed_fail(struct feed *feed, const char *why);

#endif
