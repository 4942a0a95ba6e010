// SPDX-License-Identifier: GPL-2.0-only
/*
 * server.c - owns the loop: one thread, one epoll.
 *
 *	scrape ---> refresh ---> render ---> answer      later: settle
 *	timer  ---> refresh                              later: settle
 *
 * Settling waits for the kernel some milliseconds, so it comes when the answer is out.
 */
#include "app/server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "app/selfstat.h"
#include "base/err.h"

enum { MISSING_MAX = PLAN_ITEMS_MAX, FDS_MAX = HTTP_LISTENERS_MAX };

#define NS_PER_MS 1000000ULL
#define NS_PER_S 1000000000ULL
#define SHARE_MIN_NS (50 * NS_PER_MS)
#define SETTLE_DELAY_NS (100 * NS_PER_MS)

struct server {
	struct server_config config;
	struct watch *watch;
	struct http *http;
	int epoll, signals, tick, settle;
	__s64 generation; /* of watch->view */
	__u64 fresh_until; /* CLOCK_MONOTONIC */
	bool settling; /* the timer of that name is armed */
	bool failing; /* the last snapshot failed: said once, not every second */
	struct self_view self;
	struct self_missing missing[MISSING_MAX];
};

static __u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static void arm(int timer, __u64 delay_ns)
{
	struct itimerspec when = {
		.it_value = { .tv_sec = delay_ns / NS_PER_S, .tv_nsec = delay_ns % NS_PER_S },
	};

	timerfd_settime(timer, 0, &when, NULL);
}

/* What the log says of an OOM kill: rare, and what one looks for first afterwards. */
static void report_ooms(const struct view *view)
{
	size_t i;

	for (i = 0; i < view->nooms; i++)
		fprintf(stderr, "vigie: OOM kill: victim %s pid %u (%llu KiB), trigger %s pid %u\n",
			view->ooms[i].victim, view->ooms[i].victim_pid,
			(unsigned long long)view->ooms[i].victim_bytes / 1024,
			view->ooms[i].trigger, view->ooms[i].trigger_pid);
}

int server__snapshot(struct server *s)
{
	__u64 began = now_ns(), share;
	int err = watch_step(s->watch);

	if (err && !s->failing)
		fprintf(stderr, "vigie: cannot read a snapshot: %s\n", err_name(err));
	s->failing = err != 0;
	if (err)
		return err;
	s->generation++;
	report_ooms(s->watch->view);
	share = 9 * (now_ns() - began);
	s->fresh_until = began + (share > SHARE_MIN_NS ? share : SHARE_MIN_NS);
	if (!s->settling) /* or frequent scrapes would put it off for ever */
		arm(s->settle, SETTLE_DELAY_NS);
	s->settling = true;
	arm(s->tick, s->config.interval_ns);
	return 0;
}

static __s64 on_refresh(void *ctx)
{
	struct server *s = ctx;
	int err = now_ns() < s->fresh_until ? 0 : server__snapshot(s);

	return err ? err : s->generation;
}

static int on_render(void *ctx, enum om_dialect dialect, struct buf *out)
{
	struct server *s = ctx;
	struct http_stat stat;
	__u64 began = now_ns();

	http__stat(s->http, &stat);
	s->self.scrapes = stat.scrapes;
	s->self.scrape_errors = stat.scrape_errors;
	s->self.connections_refused = stat.connections_refused;
	selfstat_read(&s->self);
	openmetrics_encode(out, s->watch->view, &s->self, dialect);
	s->self.renders++;
	s->self.render_ns += now_ns() - began;
	return out->err;
}

static bool on_ready(void *ctx)
{
	struct server *s = ctx;

	return s->generation > 0;
}

static int watch_fd(struct server *s, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int open_signals(struct server *s)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signals < 0 ? -errno : 0;
}

static int open_descriptors(struct server *s)
{
	int err = open_signals(s);

	if (err)
		return err;
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->tick = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	s->settle = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (s->epoll < 0 || s->tick < 0 || s->settle < 0)
		return -errno;
	err = watch_fd(s, s->signals);
	if (!err)
		err = watch_fd(s, s->tick);
	return err ? err : watch_fd(s, s->settle);
}

int server__new(const struct server_config *config, struct watch *watch, struct http *http,
		struct server **ret)
{
	struct server *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->config = *config;
	s->watch = watch;
	s->http = http;
	s->epoll = s->signals = s->tick = s->settle = -1;
	selfstat_init(&s->self, &watch->plan, s->missing, MISSING_MAX);
	err = open_descriptors(s);
	if (err) {
		server__free(s);
		return err;
	}
	*ret = s;
	return 0;
}

int server__start(struct server *s)
{
	const struct http_callbacks callbacks = {
		.ctx = s,
		.refresh = on_refresh,
		.render = on_render,
		.ready = on_ready,
	};
	int fds[FDS_MAX], err = http__start(s->http, &callbacks, s->self.version);
	unsigned int i, n;

	if (err)
		return err;
	n = http__fds(s->http, fds, FDS_MAX);
	for (i = 0; i < n && !err; i++)
		err = watch_fd(s, fds[i]);
	return err ? err : server__snapshot(s);
}

static void drain(int fd)
{
	__u64 expirations;

	if (read(fd, &expirations, sizeof(expirations)) < 0)
		return; /* disarmed meanwhile */
}

int server__run(struct server *s)
{
	struct epoll_event events[8];
	int n, i;

	for (;;) {
		n = epoll_wait(s->epoll, events, 8, http__timeout_ms(s->http));
		if (n < 0 && errno != EINTR)
			return -errno;
		for (i = 0; i < n; i++) {
			if (events[i].data.fd == s->signals)
				return 0;
			if (events[i].data.fd == s->tick) {
				drain(s->tick);
				if (server__snapshot(s))
					arm(s->tick, s->config.interval_ns);
			}
		}
		http__run(s->http);
		for (i = 0; i < n; i++) {
			if (events[i].data.fd == s->settle) {
				drain(s->settle);
				s->settling = false;
				source__settle(s->watch->source);
			}
		}
	}
}

void server__free(struct server *s)
{
	if (!s)
		return;
	close(s->epoll);
	close(s->signals);
	close(s->tick);
	close(s->settle);
	free(s);
}
