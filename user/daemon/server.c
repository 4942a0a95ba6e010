// SPDX-License-Identifier: GPL-2.0-only
/*
 * server.c - owns the loop: one thread, one epoll.
 *
 *	scrape ---> refresh ---> render ---> answer      later: settle
 *	timer  ---> refresh                              later: settle
 *
 * Settling waits for the kernel some milliseconds, so it comes when the answer is out.
 */
#include "daemon/server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "daemon/live_tail.h"
#include "daemon/memory.h"
#include "daemon/notify.h"
#include "daemon/overhead.h"
#include "daemon/selfstat.h"
#include "daemon/status_line.h"
#include "export/formats.h"
#include "report/formats.h"
#include "sandbox/process.h"
#include "web/files.h"

/* Views in all formats, and what is no view. */
enum { CONTENT_ENTRIES = VIEW_FORMATS, CONTENT_FILES, CONTENTS = CONTENT_FILES + WEB_FILES };
enum { PAGE_METRICS, PAGE_INDEX, PAGE_NOW, PAGE_ENTRIES, PAGES };
enum { MISSING_MAX = PLAN_ITEMS_MAX, FDS_MAX = HTTP_LISTENERS_MAX };

#define SHARE_MIN_NS (50 * NS_PER_MS)
#define SETTLE_DELAY_NS (100 * NS_PER_MS)
#define BUDGET_MAX_NS (60 * NS_PER_S)
#define CROWDED_NS (60 * NS_PER_S)

struct server {
	struct server_config config;
	struct server_parts parts;
	int epoll, signals, tick, settle, alive;
	__s64 generation; /* of live->view */
	__u64 fresh_until; /* CLOCK_MONOTONIC */
	bool settling; /* the timer of that name is armed */
	bool failing; /* the last snapshot failed: said once, not every second */
	struct writer_bounds bounds; /* of the history, for the writer, if it has them to learn yet */
	bool bounds_untold;
	__u64 crowded_ns; /* CLOCK_MONOTONIC: when tasks were without a state last; 0: said that all have one */
	bool nameless; /* the namer is gone: said once */
	__u64 budget_ns; /* of fresh snapshots on request, see take_from_budget() */
	__u64 budget_time_ns;
	struct status_line status;
	struct overhead overhead;
	struct self_view self;
	struct self_missing missing[MISSING_MAX];
	struct self_rule rules[SELF_RULES_MAX];
	struct http_content contents[HTTP_CONTENTS_MAX];
	struct http_page pages[HTTP_PAGES_MAX];
	struct live_tail tail;
	struct buf session_policy; /* what a session's page may do, with a NUL */
};

static void arm(int timer, __u64 delay_ns)
{
	struct itimerspec when = {
		.it_value = { .tv_sec = delay_ns / NS_PER_S, .tv_nsec = delay_ns % NS_PER_S },
	};

	timerfd_settime(timer, 0, &when, NULL);
}

/* What was read goes to the disk as it is, then what was made of it is judged. */
static void record_and_judge(struct server *s)
{
	recorder_record(s->parts.recorder, &s->parts.live->snapshot);
	finding_handler_see(s->parts.handler, s->parts.live->model, s->parts.live->view);
	recorder_watch(s->parts.recorder);
}

/* Ids go on serving. */
static void watch_namer(struct server *s)
{
	const struct namer *namer = s->parts.live->namer;

	if (!namer || s->nameless || namer__fd(namer) >= 0)
		return;
	s->nameless = true;
	logbook_say(s->parts.book, SEVERITY_ERROR, "names-failed", 0,
		    "the process that names containers is gone: new ones go by their ids");
}

/*
 * Tasks without a state, as there is no room for more: said as that begins, and as it has been over for
 * a while. Which they are changes by the second.
 */
static void watch_memory(struct server *s)
{
	const struct collect_stat *stat = &s->parts.live->view->stat;
	const struct plan *plan = &s->parts.live->plan;
	__u64 room = s->config.memory.max_tasks;
	__u64 now = clock_monotonic_ns();

	if (!room)
		return;
	if (stat->untracked && stat->tasks - stat->untracked >= room / 10 * 9) {
		if (!s->crowded_ns)
			logbook_say(s->parts.book, SEVERITY_WARNING, "memory-full", 0,
				    "%llu of %llu threads are in no list: %s room for %llu",
				    (unsigned long long)stat->untracked,
				    (unsigned long long)stat->tasks,
				    !plan->task_storage && room == VIGIE_TASKS_MAX
					    ? "this kernel's map has"
					    : "--max-memory leaves",
				    (unsigned long long)room);
		s->crowded_ns = now;
	} else if (s->crowded_ns && now - s->crowded_ns >= CROWDED_NS) {
		s->crowded_ns = 0;
		logbook_say(s->parts.book, SEVERITY_INFO, "memory-room", 0,
			    "there is room for all threads again");
	}
}

/* What the others say of themselves, as the page wants it. */
static void tell_self(struct server *s)
{
	struct writer_stat wrote;
	int i;

	finding_handler_stat(s->parts.handler, &s->self, s->rules, SELF_RULES_MAX);
	for (i = 0; i < SEVERITIES; i++)
		s->self.events[i] = s->parts.book->written[i];
	if (s->parts.live->namer)
		namer__stat(s->parts.live->namer, &s->self.namer);
	if (s->parts.history)
		history__stat(s->parts.history, &s->self.history);
	s->self.budget = s->overhead.self;
	if (!s->parts.writer)
		return;
	writer__stat(s->parts.writer, &wrote);
	s->self.writer = wrote.self;
	if (!s->parts.recorder->writer)
		s->self.writer.up = 0; /* it writes the log only */
}

/* What those of our processes used until now that do less where there is less to watch. */
static __u64 watching_ns(const struct server *s)
{
	return clock_process_cpu_ns() + s->self.writer.cpu_ns + s->self.namer.cpu_ns;
}

/* One line to the service manager, if there is one. */
static void tell_status(struct server *s)
{
	struct status_figures figures = {
		.now_ns = clock_monotonic_ns(),
		.processes = s->parts.live->view->nprocesses,
	};
	char text[NOTIFY_STATUS_LEN];
	struct http_stat http;
	unsigned int i;

	if (s->parts.notify->fd < 0)
		return;
	http__stat(s->parts.http, &http);
	figures.cpu_ns = watching_ns(s) + s->overhead.meter_cpu_ns + s->self.profiler.cpu_ns +
			 s->self.history.cpu_ns + http.verifier_cpu_ns;
	for (i = 0; i < s->self.nrules; i++)
		figures.findings += s->self.rules[i].active;
	status_line_make(&s->status, &figures, text, sizeof(text));
	notify_status(s->parts.notify, text);
}

/*
 * What vigie costs until now, and what a budget makes of it. Not in it: sessions, which have a limit of
 * their own, and passwords and answers for the past: who asks could have us look away, and it would save
 * nothing. The past has a limit of its own, too.
 */
static void watch_overhead(struct server *s)
{
	const struct snapshot *snapshot = &s->parts.live->snapshot;
	struct overhead_totals now = {
		.time_ns = clock_monotonic_ns(),
		.cpu_ns = watching_ns(s),
		.switches = snapshot->host.context_switches,
		.births = snapshot->stat.forks,
	};

	overhead_see(&s->overhead, &now);
}

/* Its socket may be full, of all moments now: told again with the next snapshot. */
static void tell_writer(struct server *s)
{
	struct writer_head head = { .kind = WRITER_BOUNDS };

	if (s->bounds_untold && s->parts.writer)
		s->bounds_untold = writer__send(s->parts.writer, &head, &s->bounds,
						sizeof(s->bounds)) == -EAGAIN;
}

int server__snapshot(struct server *s)
{
	__u64 began = clock_monotonic_ns(), share, least;
	int err = pipeline_live_step(s->parts.live);

	if (err && !s->failing)
		logbook_say(s->parts.book, SEVERITY_ERROR, "snapshot-failed", err,
			    "cannot read a snapshot");
	s->failing = err != 0;
	if (err)
		return err;
	s->generation++;
	tell_writer(s);
	live_tail_add(&s->tail, &s->parts.live->snapshot);
	watch_namer(s);
	record_and_judge(s);
	tell_self(s);
	watch_overhead(s);
	watch_memory(s);
	tell_status(s);
	/* Snapshots for scrapes take at most a tenth of the time: it is fresh for nine times as long. */
	share = 10 * (clock_monotonic_ns() - began);
	least = overhead_least_interval_ns(&s->overhead);
	if (share < least)
		share = least;
	s->fresh_until = began + (share > SHARE_MIN_NS ? share : SHARE_MIN_NS);
	if (!s->settling) /* or frequent scrapes would put it off for ever */
		arm(s->settle, SETTLE_DELAY_NS);
	s->settling = true;
	arm(s->tick, overhead_interval_ns(&s->overhead));
	return 0;
}

/*
 * Scrapes get at most one snapshot a second on average, and a few at once: each takes room in the
 * history, and a flood of scrapes would push out what is old.
 */
static bool take_from_budget(struct server *s, __u64 now)
{
	s->budget_ns += now - s->budget_time_ns;
	s->budget_time_ns = now;
	if (s->budget_ns > BUDGET_MAX_NS)
		s->budget_ns = BUDGET_MAX_NS;
	if (s->budget_ns < NS_PER_S)
		return false;
	s->budget_ns -= NS_PER_S;
	return true;
}

static __s64 on_refresh(void *ctx)
{
	struct server *s = ctx;
	__u64 now = clock_monotonic_ns();
	int err = 0;

	if (now >= s->fresh_until && take_from_budget(s, now))
		err = server__snapshot(s);
	return err ? err : s->generation;
}

/* What is served where, in which formats. Metrics may be asked to be at /, and come first. */
static const struct http_page pages[PAGES] = {
	[PAGE_METRICS] = { "/metrics", { VIEW_OPENMETRICS, VIEW_PROMETHEUS }, 2, HTTP_SCRAPE },
	[PAGE_INDEX] = { "/", { VIEW_INDEX }, 1, HTTP_DOCUMENT },
	[PAGE_NOW] = { "/api/v1/now", { VIEW_NOW }, 1, HTTP_API },
	[PAGE_ENTRIES] = { LIVE_TAIL_PATH, { CONTENT_ENTRIES }, 1, HTTP_LOCAL },
};
_Static_assert((int)CONTENTS <= (int)HTTP_CONTENTS_MAX, "a format finds no room");
_Static_assert((int)PAGES + (int)WEB_FILES <= (int)HTTP_PAGES_MAX, "a page finds no room");

/* To HTTP a format is a content type with a number; a file has one of its own. */
static void fill_contents(struct server *s)
{
	struct http_content *contents = s->contents;
	unsigned int f;

	for (f = 0; f < VIEW_FORMATS; f++)
		contents[f] = (struct http_content){ view_formats[f].media_type,
						     view_formats[f].version };
	contents[CONTENT_ENTRIES] = (struct http_content){ LIVE_TAIL_TYPE, NULL };
	for (f = 0; f < WEB_FILES; f++)
		contents[CONTENT_FILES + f] = (struct http_content){ web_files[f].media_type,
								     NULL };
}

/* Where metrics are, who starts vigie says. */
static void fill_pages(struct server *s)
{
	unsigned int i;

	memcpy(s->pages, pages, sizeof(pages));
	s->pages[PAGE_METRICS].path = s->config.telemetry_path;
	for (i = 0; i < WEB_FILES; i++)
		s->pages[PAGES + i] = (struct http_page){ .path = web_files[i].path,
							  .contents = { CONTENT_FILES + i },
							  .ncontents = 1,
							  .kind = HTTP_FILE };
}

static int render_view(struct server *s, unsigned int content, struct buf *out)
{
	static const struct list_options list; /* all rows, by CPU */
	const struct encode_ctx encode = {
		.out = out,
		.view = s->parts.live->view,
		.self = &s->self,
		.list = &list,
		.families = &s->config.families,
	};
	struct http_stat stat;
	__u64 began = clock_monotonic_ns();

	http__stat(s->parts.http, &stat);
	s->self.scrapes = stat.scrapes;
	s->self.scrape_errors = stat.scrape_errors;
	s->self.connections_refused = stat.connections_refused;
	if (s->parts.web)
		web_access__stat(s->parts.web, &stat, &s->self.web);
	selfstat_read(&s->self);
	tell_self(s);
	s->self.memory.bytes = s->self.resident_bytes + s->self.writer.resident_bytes +
			       s->parts.live->view->stat.bpf_memory_bytes;
	view_formats[content].encode(&encode);
	s->self.renders++;
	s->self.render_ns += clock_monotonic_ns() - began;
	return out->err;
}

static int on_render(void *ctx, unsigned int page, unsigned int content, struct buf *out)
{
	struct server *s = ctx;

	if (page == PAGE_ENTRIES)
		return live_tail_read(&s->tail, &s->parts.live->snapshot, out);
	if (content < VIEW_FORMATS)
		return render_view(s, content, out);
	buf_add(out, web_files[content - CONTENT_FILES].data,
		web_files[content - CONTENT_FILES].len);
	return out->err;
}

static const char history_gone[] = "the process that reads the history is gone: restart vigie";

/* What is asked of the past is answered by another process. */
static unsigned int on_ask(void *ctx, unsigned int ask, const char *query, bool gzip, __u64 job,
			   const char **ret_why)
{
	struct server *s = ctx;
	struct web_question question;
	int err;

	if (web_question_parse(ask, query, &question, ret_why))
		return 400;
	*ret_why = "no history is kept: see --state-dir and --no-history";
	if (!s->parts.history)
		return 404;
	err = history__ask(s->parts.history, job, gzip, &question);
	*ret_why = err == -EAGAIN ? "too many ask for the past at once: ask again later"
				  : history_gone;
	return err ? 503 : 0;
}

static void take_answers(struct server *s)
{
	struct history_said said;

	while (history__listen(s->parts.history, &said)) {
		const struct http_said answer = {
			.status = said.status,
			.type = said.document ? "text/html" : "application/json",
			.policy = said.document ? s->session_policy.data : NULL,
			.gzip = said.gzip,
			.text = said.text,
		};

		if (said.job) {
			http__answer(s->parts.http, said.job, &answer);
			buf_done(said.text); /* if nobody took it */
			continue;
		}
		logbook_say(s->parts.book, SEVERITY_ERROR, "history-failed", 0,
			    "the process that reads the history is gone: the page at / has no "
			    "past");
		http__give_up(s->parts.http, history_gone);
	}
}

static bool on_ready(void *ctx)
{
	struct server *s = ctx;

	return s->generation > 0;
}

static void on_note(void *ctx, enum http_note note, const char *peer, const char *what)
{
	struct server *s = ctx;

	if (s->parts.web)
		web_access__note(s->parts.web, note, peer, what);
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
	sigaddset(&set, SIGHUP);
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
	s->alive = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (s->epoll < 0 || s->tick < 0 || s->settle < 0 || s->alive < 0)
		return -errno;
	err = watch_fd(s, s->signals);
	if (!err)
		err = watch_fd(s, s->tick);
	if (!err)
		err = watch_fd(s, s->alive);
	if (!err && s->parts.writer)
		err = watch_fd(s, writer__fd(s->parts.writer));
	if (!err && s->parts.profiler && profiler__fd(s->parts.profiler) >= 0)
		err = watch_fd(s, profiler__fd(s->parts.profiler));
	if (!err && s->parts.web)
		err = watch_fd(s, web_access__fd(s->parts.web));
	if (!err && s->parts.history)
		err = watch_fd(s, history__fd(s->parts.history));
	if (!err && overhead_fd(&s->overhead) >= 0)
		err = watch_fd(s, overhead_fd(&s->overhead));
	return err ? err : watch_fd(s, s->settle);
}

/* Nothing that vigie-history says is in it. */
static void make_session_policy(struct buf *policy)
{
	buf_init(policy, 4096);
	profile_html_policy(policy);
	buf_str(policy, "; frame-ancestors 'none'");
	buf_char(policy, '\0');
}

int server__new(const struct server_config *config, const struct server_parts *parts,
		struct server **ret)
{
	struct server *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->config = *config;
	s->parts = *parts;
	fill_contents(s);
	fill_pages(s);
	live_tail_init(&s->tail, memory_of_clients(config->memory.limit_bytes));
	make_session_policy(&s->session_policy);
	s->budget_ns = BUDGET_MAX_NS;
	s->budget_time_ns = clock_monotonic_ns();
	s->epoll = s->signals = s->tick = s->settle = s->alive = -1;
	overhead_init(&s->overhead, config->max_overhead_ppb, config->interval_ns,
		      parts->live->plan.moved_sleepers, parts->live->source, parts->book,
		      parts->meter);
	selfstat_init(&s->self, &parts->live->plan, s->missing, MISSING_MAX);
	s->self.memory = config->memory;
	s->self.config_good = true; /* or there would be no server */
	s->self.config_read_ns = clock_wall_ns();
	s->self.metrics_path = s->pages[PAGE_METRICS].path;
	s->self.web.reload_successful = 1;
	err = s->session_policy.err;
	if (!err)
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
		.contents = s->contents,
		.ncontents = CONTENTS,
		.pages = s->pages,
		.npages = PAGES + WEB_FILES,
		.note = on_note,
		.asks = web_ask_paths,
		.nasks = WEB_ASKS,
		.ask = on_ask,
		.answers_most = memory_of_clients(s->config.memory.limit_bytes),
	};
	int fds[FDS_MAX], err = http__start(s->parts.http, &callbacks, s->self.version);
	unsigned int i, n;

	if (err)
		return err;
	n = http__fds(s->parts.http, fds, FDS_MAX);
	for (i = 0; i < n && !err; i++)
		err = watch_fd(s, fds[i]);
	return err ? err : server__snapshot(s);
}

static void server_drain(int fd)
{
	__u64 expirations;

	if (read(fd, &expirations, sizeof(expirations)) < 0)
		return; /* disarmed meanwhile */
}

void server__change(struct server *s, const struct server_live *live)
{
	overhead_set_interval(&s->overhead, live->interval_ns);
	s->config.families = live->families;
	model__set_linger(s->parts.live->model, live->linger_ns);
	s->bounds = live->bounds;
	s->bounds_untold = true;
	tell_writer(s);
	arm(s->tick, overhead_interval_ns(&s->overhead));
}

static void read_config(struct server *s)
{
	bool good;

	if (!s->parts.reload)
		return;
	good = s->parts.reload(s->parts.reload_ctx);
	s->self.config_good = good;
	if (good)
		s->self.config_read_ns = clock_wall_ns();
	s->generation++; /* pages say so */
}

/* SIGHUP: the log was renamed, or the configuration changed. */
static void server_reload(struct server *s)
{
	struct writer_head head = { .kind = WRITER_REOPEN };

	notify_reloading(s->parts.notify);
	if (s->parts.writer)
		writer__send(s->parts.writer, &head, NULL, 0);
	read_config(s);
	notify_ready(s->parts.notify);
}

/* True: it is time to stop. */
static bool take_signal(struct server *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGHUP)
			return true;
		server_reload(s);
	}
	return false;
}

/* In this loop and by this thread, which do the work: where they hang nobody says that we live. */
static void server_alive(struct server *s)
{
	server_drain(s->alive);
	notify_alive(s->parts.notify);
	arm(s->alive, s->parts.notify->alive_every_ns);
}

/* What must be done before the clients' turn. True: it is time to stop. */
static bool take_event(struct server *s, int fd)
{
	if (fd == s->signals)
		return take_signal(s);
	if (fd == s->tick) {
		server_drain(s->tick);
		if (server__snapshot(s))
			arm(s->tick, overhead_interval_ns(&s->overhead));
	} else if (fd == s->alive) {
		server_alive(s);
	} else if (s->parts.writer && fd == writer__fd(s->parts.writer)) {
		writer__listen(s->parts.writer);
	} else if (s->parts.profiler && fd == profiler__fd(s->parts.profiler)) {
		finding_handler_listen(s->parts.handler);
	} else if (s->parts.web && fd == web_access__fd(s->parts.web)) {
		web_access__listen(s->parts.web);
	} else if (s->parts.history && fd == history__fd(s->parts.history)) {
		take_answers(s);
	} else if (fd == overhead_fd(&s->overhead)) {
		overhead_listen(&s->overhead);
	}
	return false;
}

static void server_settle(struct server *s)
{
	server_drain(s->settle);
	s->settling = false;
	source__settle(s->parts.live->source);
}

int server__run(struct server *s)
{
	struct epoll_event events[8];
	int n, i;

	notify_ready(s->parts.notify);
	arm(s->alive, s->parts.notify->alive_every_ns); /* 0: never */
	for (;;) {
		n = epoll_wait(s->epoll, events, 8, http__timeout_ms(s->parts.http));
		if (n < 0 && errno != EINTR)
			return -errno;
		for (i = 0; i < n; i++)
			if (take_event(s, events[i].data.fd)) {
				notify_stopping(s->parts.notify);
				return 0;
			}
		http__run(s->parts.http);
		for (i = 0; i < n; i++)
			if (events[i].data.fd == s->settle)
				server_settle(s);
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
	close(s->alive);
	live_tail_done(&s->tail);
	buf_done(&s->session_policy);
	free(s);
}
