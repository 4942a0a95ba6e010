/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * server.h - the event loop of `vigie serve`.
 *
 * Owns: when a snapshot is taken. A scrape takes a fresh one, and scrapers that arrive together
 * share it. A view is shared for nine times as long as it took to make, so that snapshots take at
 * most a tenth of a core, however often clients ask. On request there is at most one a second in
 * the long run, and 60 in a burst: else a frequent scraper would push old entries out of the
 * history. Without scrapers a timer takes them, so that the kernel's table of the dead is emptied.
 * Both come more rarely where vigie costs more than it may (overhead.h).
 */
#ifndef VIGIE_DAEMON_SERVER_H
#define VIGIE_DAEMON_SERVER_H

#include "daemon/finding_handler.h"
#include "daemon/history.h"
#include "daemon/notify.h"
#include "daemon/pipeline_live.h"
#include "daemon/web_access.h"
#include "export/choice.h"
#include "http/http.h"

struct server;

struct server_config {
	__u64 interval_ns; /* a snapshot at least that often */
	struct family_choice families; /* what the page of metrics has */
	const char *telemetry_path; /* where that page is */
	struct self_memory memory; /* what it is bounded by */
	__u64 max_overhead_ppb; /* see overhead.h; 0: no bound */
};

/* What the loop drives. All of it stays the caller's. */
struct server_parts {
	struct pipeline_live *live;
	struct http *http;
	struct logbook *book;
	struct recorder *recorder;
	struct finding_handler *handler;
	struct writer *writer; /* NULL: nothing is written */
	struct profiler *profiler; /* NULL: findings get no profiling sessions */
	struct notify *notify; /* the service manager, told when it serves, reads anew and stops */
	struct meter *meter; /* or NULL */
	struct history *history; /* NULL: nobody answers for the past */
	struct web_access *web; /* NULL: there is no web configuration */
	/* SIGHUP: reads the configuration anew, server__change() included; or NULL. False: broken. */
	bool (*reload)(void *ctx);
	void *reload_ctx;
};

/* What may change while it serves. */
struct server_live {
	__u64 interval_ns, linger_ns;
	struct family_choice families;
	struct writer_bounds bounds; /* of the history */
};

/* Opens timers and the signal descriptor; blocks SIGTERM, SIGINT and SIGHUP. 0 or -errno. */
int server__new(const struct server_config *config, const struct server_parts *parts,
		struct server **ret);
/* Takes a snapshot now, records and judges it; complains in the log. 0 or -errno. */
int server__snapshot(struct server *server);
/* Begins to accept connections. 0 or -errno. */
int server__start(struct server *server);
/* Serves until SIGTERM or SIGINT. 0 or -errno. */
int server__run(struct server *server);
/* From now on; a page is made anew for the next who asks. */
void server__change(struct server *server, const struct server_live *live);
void server__free(struct server *server); /* accepts NULL */

#endif
