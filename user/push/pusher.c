// SPDX-License-Identifier: GPL-2.0-only
/* pusher.c - owns the loop. */
#include "push/pusher.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/units.h"
#include "push/feed.h"

enum { LINE_LEN = 600 };

#define SAY_EVERY_NS (3600 * NS_PER_S)
#define STOP_WITHIN_NS (2 * NS_PER_S) /* for what is on its way */

/* Slots of the transport: one a destination, then the daemon's page, then its log. */
struct pusher {
	struct pusher_config config;
	struct transport *transport;
	struct feed feed;
	struct sink *sinks;
	unsigned int nsinks;
	__u64 next_fetch_ns, said_feed_ns, pages;
	bool feed_down; /* and that was said */
	bool wants_events; /* some destination does */
	__u64 said_events_ns, position; /* as it was written */
	bool stopping;
	__u64 stop_at_ns, alive_ns;
};

int pusher__new(const struct pusher_config *config, struct pusher **ret)
{
	struct pusher *p = calloc(1, sizeof(*p));
	unsigned int n = config->settings->ntargets;
	int err;

	if (!p)
		return -ENOMEM;
	p->config = *config;
	p->sinks = calloc(n ? n : 1, sizeof(*p->sinks));
	err = p->sinks ? feed_init(&p->feed, config->settings) : -ENOMEM;
	if (!err)
		err = transport__new(n + 2, &p->transport);
	while (!err && p->nsinks < n) {
		const struct sink_config of = {
			.target = &config->settings->targets[p->nsinks],
			.secrets = &config->secrets[p->nsinks],
			.identity = config->identity,
			.spool_root = config->spool_root,
			.say = config->say,
			.ctx = config->ctx,
		};

		p->wants_events |= of.target->logs_url != NULL;
		err = sink_init(&p->sinks[p->nsinks++], &of, clock_monotonic_ns());
	}
	if (err) {
		pusher__free(p);
		return err;
	}
	/* Without a place that was kept it begins with what is written from now on. */
	p->feed.events_known = !spool_read_position(config->spool_root, &p->feed.after);
	p->position = p->feed.after;
	*ret = p;
	return 0;
}

void pusher__free(struct pusher *p)
{
	unsigned int i;

	if (!p)
		return;
	transport__free(p->transport);
	for (i = 0; i < p->nsinks; i++)
		sink_done(&p->sinks[i]);
	free(p->sinks);
	feed_done(&p->feed);
	free(p);
}

/* --- The daemon's log of findings. --------------------------------------------------- */

static void events_trouble(struct pusher *p, __u64 now_ns)
{
	char line[LINE_LEN];

	if (p->said_events_ns && now_ns - p->said_events_ns < SAY_EVERY_NS)
		return;
	p->said_events_ns = now_ns;
	snprintf(line, sizeof(line), "no findings from %s: %s", p->config.settings->source,
		 p->feed.why);
	p->config.say(p->config.ctx, line);
}

static void fetch_events(struct pusher *p, __u64 now_ns)
{
	int err;

	if (!p->wants_events || transport__is_busy(p->transport, p->nsinks + 1))
		return;
	err = feed_ask_events(&p->feed, p->transport, p->nsinks + 1);
	if (err) {
		p->feed.log_failures++;
		snprintf(p->feed.why, sizeof(p->feed.why), "%s", err_name(err));
		events_trouble(p, now_ns);
	}
}

static void take_events(struct pusher *p, const struct transport_answer *answer, __u64 now_ns)
{
	const struct buf *lines = &p->feed.lines;
	unsigned int i;

	if (feed_take_events(&p->feed, answer)) {
		events_trouble(p, now_ns);
		return;
	}
	for (i = 0; i < p->nsinks && lines->len; i++)
		sink_take_events(&p->sinks[i], lines->data, lines->len, now_ns, clock_wall_ns());
	if (p->feed.after != p->position &&
	    !spool_write_position(p->config.spool_root, p->feed.after))
		p->position = p->feed.after;
	if (p->feed.events_more && !p->stopping)
		fetch_events(p, now_ns);
}

/* --- The daemon's page. -------------------------------------------------------------- */

static void feed_trouble(struct pusher *p, __u64 now_ns)
{
	char line[LINE_LEN];

	if (p->said_feed_ns && now_ns - p->said_feed_ns < SAY_EVERY_NS)
		return;
	p->said_feed_ns = now_ns;
	p->feed_down = true;
	snprintf(line, sizeof(line), "no page from %s: %s; does vigie serve there?",
		 p->config.settings->source, p->feed.why);
	p->config.say(p->config.ctx, line);
}

static void fetch(struct pusher *p, __u64 now_ns)
{
	__u64 interval = p->config.settings->interval_ns;
	int err;

	p->next_fetch_ns += interval;
	if (p->next_fetch_ns <= now_ns)
		p->next_fetch_ns = now_ns + interval;
	fetch_events(p, now_ns);
	if (transport__is_busy(p->transport, p->nsinks))
		return; /* that one is over by its own deadline */
	err = feed_ask(&p->feed, p->transport, p->nsinks);
	if (err) {
		feed_fail(&p->feed, err_name(err));
		feed_trouble(p, now_ns);
	}
}

static void take_page(struct pusher *p, const struct transport_answer *answer, __u64 now_ns)
{
	struct own_metrics own[PUSH_TARGETS_MAX];
	__u64 wall_ns = clock_wall_ns(), start_ns;
	unsigned int i;

	for (i = 0; i < p->nsinks; i++)
		own[i] = (struct own_metrics){ p->sinks[i].target->name, &p->sinks[i].destination,
					       push_encoder__skipped(p->sinks[i].encoder) };
	if (feed_take(&p->feed, answer, own, p->nsinks)) {
		feed_trouble(p, now_ns);
		return;
	}
	if (p->feed_down)
		p->config.say(p->config.ctx, "the daemon's page is there again");
	p->feed_down = false;
	p->pages++;
	start_ns = p->feed.start_ns && p->feed.start_ns < wall_ns ? p->feed.start_ns : wall_ns;
	for (i = 0; i < p->nsinks; i++)
		sink_take_page(&p->sinks[i], &p->feed.page, wall_ns, start_ns, now_ns);
}

/* --- What is so. --------------------------------------------------------------------- */

static void say_summary(struct pusher *p)
{
	char line[LINE_LEN];
	unsigned int i, k;
	__u64 lost;

	for (i = 0; i < p->nsinks; i++) {
		const struct destination *d = &p->sinks[i].destination;

		for (k = 0, lost = 0; k < PUSH_DROPS; k++)
			lost += d->dropped[k];
		snprintf(
			line, sizeof(line),
			"%s: %llu batches and %llu points taken, %llu points given up, %zu batches "
			"wait: %zu bytes in memory, %llu on the disk",
			p->sinks[i].target->name, (unsigned long long)d->batches,
			(unsigned long long)d->points, (unsigned long long)lost, d->queue.n,
			d->queue.bytes, (unsigned long long)d->spool.used);
		p->config.say(p->config.ctx, line);
	}
	snprintf(line, sizeof(line), "%llu pages, %llu could not be had",
		 (unsigned long long)p->pages, (unsigned long long)p->feed.failures);
	p->config.say(p->config.ctx, line);
}

static void tell_status(struct pusher *p)
{
	unsigned int i, down = 0;
	size_t waiting = 0;
	char line[LINE_LEN];

	for (i = 0; i < p->nsinks; i++) {
		down += p->sinks[i].destination.failed > 0;
		waiting += p->sinks[i].destination.queue.n;
	}
	snprintf(line, sizeof(line), "%u of %u destinations take batches; %zu batches wait%s",
		 p->nsinks - down, p->nsinks, waiting,
		 p->feed_down ? "; no page from the daemon" : "");
	p->config.status(p->config.ctx, line);
}

static void take_signals(struct pusher *p, int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGUSR1) {
			say_summary(p);
		} else if (!p->stopping) {
			p->stopping = true;
			p->stop_at_ns = clock_monotonic_ns() + STOP_WITHIN_NS;
		}
	}
}

/* --- The loop. ----------------------------------------------------------------------- */

static void take_answers(struct pusher *p)
{
	struct transport_answer answer;

	while (transport__take(p->transport, &answer)) {
		if (answer.slot == p->nsinks)
			take_page(p, &answer, clock_monotonic_ns());
		else if (answer.slot == p->nsinks + 1)
			take_events(p, &answer, clock_monotonic_ns());
		else
			sink_answered(&p->sinks[answer.slot], &answer, clock_monotonic_ns(),
				      clock_wall_ns());
	}
}

/* Begins what is due. When something will be next. */
static __u64 begin_all(struct pusher *p)
{
	__u64 now_ns = clock_monotonic_ns(), wake_ns, due_ns;
	unsigned int i;

	if (!p->stopping && now_ns >= p->next_fetch_ns)
		fetch(p, now_ns);
	wake_ns = p->stopping ? p->stop_at_ns : p->next_fetch_ns;
	for (i = 0; i < p->nsinks; i++) {
		due_ns = sink_pump(&p->sinks[i], p->transport, i, now_ns, clock_wall_ns());
		if (due_ns < wake_ns)
			wake_ns = due_ns;
	}
	return wake_ns;
}

/* Nothing is on its way that could still arrive, or there is no more time. */
static bool is_over(const struct pusher *p)
{
	unsigned int i;

	if (!p->stopping)
		return false;
	if (clock_monotonic_ns() >= p->stop_at_ns)
		return true;
	for (i = 0; i < p->nsinks; i++)
		if (p->sinks[i].destination.queue.n && !p->sinks[i].destination.failed)
			return false;
	return true;
}

/* When it is due again. */
static __u64 tell_alive(struct pusher *p, __u64 now_ns, __u64 every_ns)
{
	if (now_ns >= p->alive_ns) {
		p->config.alive(p->config.ctx);
		p->alive_ns = now_ns + every_ns;
	}
	return p->alive_ns;
}

int pusher__run(struct pusher *p, int signal_fd, __u64 alive_every_ns)
{
	__u64 wake_ns, now_ns, wait_ns;
	unsigned int i;
	int err = 0;

	p->next_fetch_ns = clock_monotonic_ns();
	while (!err && !is_over(p)) {
		wake_ns = begin_all(p);
		tell_status(p);
		now_ns = clock_monotonic_ns();
		if (alive_every_ns && tell_alive(p, now_ns, alive_every_ns) < wake_ns)
			wake_ns = p->alive_ns;
		wait_ns = wake_ns > now_ns ? wake_ns - now_ns : 0;
		err = transport__wait(p->transport, signal_fd, wait_ns);
		take_answers(p);
		take_signals(p, signal_fd);
	}
	for (i = 0; i < p->nsinks; i++)
		destination_stop(&p->sinks[i].destination);
	say_summary(p);
	return err;
}
