// SPDX-License-Identifier: GPL-2.0-only
/* feed.c - owns the request to the daemon, and what a page must look like to be taken. */
#include "push/feed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/text.h"
#include "base/units.h"

enum { OWN_MAX = 256 << 10, SECONDS_LEN = 40 };

#define EVENTS_PATH "/api/v1/events"

static const char last_line[] = "# EOF\n";

int feed_init(struct feed *feed, const struct push_settings *settings)
{
	const char *source = settings->source, *base = source;
	int n;

	*feed = (struct feed){ .unix_path = NULL };
	buf_init(&feed->text, FEED_PAGE_MAX + OWN_MAX);
	buf_init(&feed->lines, FEED_EVENTS_MAX);
	if (!strncmp(source, "unix:", 5)) {
		feed->unix_path = source + 5;
		base = "http://localhost";
	}
	snprintf(feed->events_base, sizeof(feed->events_base), "%s" EVENTS_PATH, base);
	n = snprintf(feed->url, sizeof(feed->url), "%s%s", base, settings->telemetry_path);
	return n < (int)sizeof(feed->url) ? 0 : -ENAMETOOLONG;
}

void feed_done(struct feed *feed)
{
	buf_done(&feed->text);
	buf_done(&feed->lines);
	page_done(&feed->page);
}

static int ask(const struct feed *feed, const char *url, const char *accept, size_t answer_max,
	       struct transport *transport, unsigned int slot)
{
	const struct transport_request request = {
		.url = url,
		.unix_path = feed->unix_path,
		.direct = true,
		.headers = &accept,
		.nheaders = 1,
		.timeout_ns = 10 * NS_PER_S,
		.answer_max = answer_max,
	};

	return transport__start(transport, slot, &request);
}

int feed_ask(struct feed *feed, struct transport *transport, unsigned int slot)
{
	return ask(feed, feed->url, "Accept: application/openmetrics-text;version=1.0.0",
		   FEED_PAGE_MAX, transport, slot);
}

int feed_ask_events(struct feed *feed, struct transport *transport, unsigned int slot)
{
	if (feed->events_known)
		snprintf(feed->events_url, sizeof(feed->events_url), "%s?after=%llu",
			 feed->events_base, (unsigned long long)feed->after);
	else
		snprintf(feed->events_url, sizeof(feed->events_url), "%s", feed->events_base);
	return ask(feed, feed->events_url, "Accept: application/json", FEED_EVENTS_MAX, transport,
		   slot);
}

void feed_fail(struct feed *feed, const char *why)
{
	feed->failures++;
	snprintf(feed->why, sizeof(feed->why), "%s", why);
}

/* "1796056524.095528374" as nanoseconds. 0 or -EINVAL. */
static int parse_seconds(const char *text, __u64 *ret_ns)
{
	char digits[SECONDS_LEN];
	size_t len = strcspn(text, "."), i;
	uint64_t seconds, fraction = 0;

	if (!len || len >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (parse_u64(digits, 0, UINT64_MAX / NS_PER_S - 1, &seconds))
		return -EINVAL;
	text += len + (text[len] == '.');
	for (i = 0; i < 9; i++) {
		if (*text && (*text < '0' || *text > '9'))
			return -EINVAL;
		fraction = fraction * 10 + (*text ? *text++ - '0' : 0);
	}
	*ret_ns = seconds * NS_PER_S + fraction;
	return 0;
}

/* Counters of the page begin with the daemon. */
static void find_start(struct feed *feed)
{
	const struct page *page = &feed->page;
	size_t i;

	for (i = 0; i < page->nfamilies; i++)
		if (!strcmp(page->families[i].name, "process_start_time_seconds") &&
		    page->families[i].nsamples)
			parse_seconds(page->samples[page->families[i].sample].value,
				      &feed->start_ns);
}

static int refuse(struct feed *feed, int err, const char *why)
{
	feed_fail(feed, why);
	return err;
}

static int parse(struct feed *feed)
{
	char why[FEED_WHY_LEN];
	size_t line = 0;
	int err = page_parse(&feed->page, feed->text.data, feed->text.len - 1, &line);

	if (!err) {
		find_start(feed);
		return 0;
	}
	snprintf(why, sizeof(why), "the page cannot be read, line %zu: %s", line, err_name(err));
	return refuse(feed, err, why);
}

int feed_take(struct feed *feed, const struct transport_answer *answer,
	      const struct own_metrics *own, unsigned int n)
{
	size_t len = answer->len, end = sizeof(last_line) - 1;
	char why[FEED_WHY_LEN];

	if (!answer->status)
		return refuse(feed, -EIO, answer->why);
	if (answer->status != 200) {
		snprintf(why, sizeof(why), "the daemon answers %u", answer->status);
		return refuse(feed, -EPROTO, why);
	}
	if (answer->cut || len < end || memcmp(answer->body + len - end, last_line, end))
		return refuse(feed, -EBADMSG, "the page is not whole, or larger than 16 MiB");
	buf_clear(&feed->text);
	buf_add(&feed->text, answer->body, len - end);
	own_metrics_encode(&feed->text, own, n, feed->failures, feed->log_failures);
	buf_str(&feed->text, last_line);
	buf_char(&feed->text, '\0');
	if (feed->text.err)
		return refuse(feed, feed->text.err, "no room for the page");
	return parse(feed);
}

/* --- The log. ------------------------------------------------------------------------ */

/* ,"next":42, */
static int number_of(const char *text, const char *name, __u64 *ret)
{
	const char *at = strstr(text, name);
	char digits[SECONDS_LEN];
	size_t len;
	uint64_t value;

	if (!at)
		return -EBADMSG;
	at += strlen(name);
	len = strspn(at, "0123456789");
	if (!len || len >= sizeof(digits))
		return -EBADMSG;
	memcpy(digits, at, len);
	digits[len] = '\0';
	if (parse_u64(digits, 0, UINT64_MAX, &value))
		return -EBADMSG;
	*ret = value;
	return 0;
}

/*
 * A line of the document for each of the log, with a comma but for the last: what is between its first
 * and its last line. No JSON is parsed here; the encoder does, of what it is handed.
 */
static int cut_lines(struct feed *feed, const char *body)
{
	const char *at = strchr(body, '\n'), *end;
	size_t len;

	buf_clear(&feed->lines);
	if (!at)
		return -EBADMSG;
	for (at++; *at; at = end + 1) {
		end = strchr(at, '\n');
		if (!end)
			return -EBADMSG;
		len = end - at;
		if (*at != '{')
			return len && *at == ']' ? feed->lines.err : -EBADMSG;
		buf_add(&feed->lines, at, len - (at[len - 1] == ','));
		buf_char(&feed->lines, '\n');
	}
	return feed->lines.err;
}

static int refuse_log(struct feed *feed, int err, const char *why)
{
	feed->log_failures++;
	snprintf(feed->why, sizeof(feed->why), "%s", why);
	return err;
}

int feed_take_events(struct feed *feed, const struct transport_answer *answer)
{
	__u64 next, last;
	char why[FEED_WHY_LEN];
	int err;

	buf_clear(&feed->lines);
	feed->events_more = false;
	if (!answer->status)
		return refuse_log(feed, -EIO, answer->why);
	if (answer->status == 404)
		return refuse_log(feed, -ENOENT, "the daemon keeps no log in its state directory");
	if (answer->status != 200 || answer->cut) {
		snprintf(why, sizeof(why), "asked for its log the daemon answers %u",
			 answer->status);
		return refuse_log(feed, -EPROTO, why);
	}
	err = strncmp(answer->body, "{\"schema\":\"vigie.events/1\"", 26) ? -EBADMSG : 0;
	if (!err)
		err = number_of(answer->body, ",\"next\":", &next);
	if (!err)
		err = number_of(answer->body, ",\"last\":", &last);
	if (!err)
		err = cut_lines(feed, answer->body);
	if (err)
		return refuse_log(feed, err, "the daemon's log cannot be read");
	/* The log began anew: all of it is new. */
	feed->events_more = next < last || (feed->events_known && last < feed->after);
	feed->after = feed->events_known && last < feed->after ? 0 : next;
	if (!feed->events_known)
		feed->after = last;
	feed->events_known = true;
	return 0;
}
